-- title: Access changes
-- question: Who was given or lost access, by whom, to what?
-- grain: one row per event that gave, took, changed, asked for or refused access
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, related_resources, resources, performers
-- severity: info
-- notes: All that befalls users, teams, groups, roles, policies, owners, invitations, keys, but sign-ins and use.

with seen as (
    select
        e.occurred_at,
        e.source,
        e.stream,
        e.event_id,
        e.action,
        e.actor_id,
        e.actor_name,
        e.actor_email,
        e.actor_type,
        e.target_type,
        e.target_id,
        e.target_name,
        e.ip_address,
        e.summary,
        coalesce(upper(e.target_type), '') in (
            'USER',
            'USER_GROUP',
            'TEAM',
            'IAM_ROLE',
            'IAM_RESOURCE_POLICY',
            'OWNER',
            'OWNER_GROUP',
            'INVITATION_LINK',
            'API_KEY',
            'DATA_ACCESS_REQUEST',
            'CUSTOM_ROLE',
            'GROUP',
            'GROUP_MEMBERSHIP',
            'APITOKEN',
            'API_TOKEN',
            'OAUTH_CLIENT',
            'OAUTH_TOKEN'
        ) as is_about_access
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

judged as (
    select
        seen.*,
        case
            -- who takes a request back loses nothing
            when upper(seen.target_type) = 'DATA_ACCESS_REQUEST'
                then case seen.action
                    when 'request' then 'requested'
                    when 'create' then 'requested'
                    when 'approve' then 'given'
                    when 'grant' then 'given'
                    when 'deny' then 'refused'
                    else 'changed'
                end
            when seen.action in ('grant', 'share', 'invite') then 'given'
            when seen.action in ('revoke', 'unshare') then 'lost'
            when seen.action = 'change_role' then 'changed'
            when not seen.is_about_access then null
            -- Zendesk says what of a user changed: their role or a suspension is an action of its own, or a later line
            when seen.action = 'update' and seen.target_type = 'user'
                then case
                    when regexp_matches(seen.summary, '\n(Custom role|Role) (changed|downgraded) from ') then 'changed'
                    when regexp_matches(seen.summary, '(?i)\nsuspended(\n|$| changed from (false|no))') then 'lost'
                    when regexp_matches(seen.summary, '(?i)\n(unsuspended(\n|$)|suspended changed from (true|yes))')
                        then 'given'
                end
            when seen.action in ('create', 'add', 'enable', 'restore', 'approve') then 'given'
            when seen.action in ('delete', 'remove', 'disable', 'archive') then 'lost'
            when seen.action not in ('login', 'login_failed', 'logout', 'read', 'use', 'run', 'sync') then 'changed'
        end as change
    from seen
),

changes as (
    select judged.*
    from judged
    where judged.change is not null
),

touched as (
    select
        changes.source,
        changes.stream,
        changes.event_id,
        any_value(related.related_resource_type) as related_type,
        string_agg(
            coalesce(
                nullif(resource.name, ''),
                nullif(resource.title, ''),
                nullif(performer.name, ''),
                nullif(performer.display_name, ''),
                nullif(performer.email, ''),
                related.related_resource_id
            ),
            ', '
            order by related.related_resource_id
        ) as related_names
    from changes
    inner join related_resources as related
        on
            changes.source = related.source
            and changes.stream = related.stream
            and changes.event_id = related.event_id
    left join resources as resource
        on
            related.source = resource.source
            and related.related_resource_id = resource.resource_id
            and resource.is_current
    left join performers as performer
        on
            related.source = performer.source
            and related.related_resource_id = performer.performer_id
            and performer.is_current
    group by changes.source, changes.stream, changes.event_id
)

select
    changes.occurred_at,
    changes.source,
    changes.change,
    changes.action,
    changes.actor_id,
    changes.actor_name,
    changes.actor_email,
    changes.actor_type,
    changes.target_type,
    changes.target_id,
    changes.target_name,
    touched.related_type,
    touched.related_names,
    changes.ip_address,
    changes.summary,
    changes.event_id
from changes
left join touched
    on
        changes.source = touched.source
        and changes.stream = touched.stream
        and changes.event_id = touched.event_id
order by changes.occurred_at, changes.source, changes.stream, changes.event_id
