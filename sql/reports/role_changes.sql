-- title: Role changes
-- question: Whose role changed, from what to what?
-- grain: one row per event that gave a person a role or took one
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, classified_events, told_kinds, activity_logs, performers, resources
-- severity: low
-- notes: The old role is told by the text, else the one taken, else the one given last. Names are those observed last.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since
),

changes as (
    select
        e.source,
        e.stream,
        e.event_id,
        e.occurred_at,
        e.action,
        e.actor_id,
        e.target_id,
        e.ip_address,
        e.summary,
        nullif(regexp_extract(
            e.summary, '(^|\n)(Custom role|Role) (changed|downgraded) from ([^\n]+?) to ([^\n]+)', 4
        ), '') as told_old_role,
        coalesce(
            nullif(regexp_extract(
                e.summary, '(^|\n)(Custom role|Role) (changed|downgraded) from ([^\n]+?) to ([^\n]+)', 5
            ), ''),
            nullif(regexp_extract(e.summary, '^Changed (the )?role of .+ to ([^\n]+)$', 2), '')
        ) as told_new_role
    from classified_events as e
    inner join told_kinds as kind on e.target_type = kind.target_type
    where
        kind.kind = 'user'
        and (
            e.action in ('change_role', 'grant', 'revoke', 'add', 'remove', 'update')
            -- among other changes of one entry
            or regexp_matches(e.summary, '\n(Custom role|Role) (changed|downgraded) from ')
        )
        -- the role before may have been given at any time
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

touched as (
    select
        changes.source,
        changes.stream,
        changes.event_id,
        unnest(log.related_resource_ids) as role_id
    from changes
    inner join activity_logs as log
        on
            changes.source = log.source
            and changes.stream = log.stream
            and changes.event_id = log.id
    where log.related_resource_type = 'IAM_ROLE'
),

given as (
    select
        touched.source,
        touched.stream,
        touched.event_id,
        string_agg(
            coalesce(nullif(resource.name, ''), nullif(resource.title, '')),
            ', '
            order by touched.role_id
        ) as roles,
        string_agg(touched.role_id, ', ' order by touched.role_id) as role_ids
    from touched
    left join resources as resource
        on
            touched.source = resource.source
            and touched.role_id = resource.resource_id
            and resource.is_current
    group by touched.source, touched.stream, touched.event_id
),

judged as (
    select
        changes.*,
        case
            when changes.action in ('revoke', 'remove') then coalesce(given.roles, given.role_ids)
        end as taken_role,
        case
            when changes.action not in ('revoke', 'remove')
                then coalesce(given.roles, changes.told_new_role, given.role_ids)
        end as new_role
    from changes
    left join given
        on
            changes.source = given.source
            and changes.stream = given.stream
            and changes.event_id = given.event_id
    -- what else is given to a person, or changed, is no role
    where
        changes.action = 'change_role'
        or changes.told_new_role is not null
        or given.event_id is not null
),

followed as (
    select
        judged.*,
        lag(judged.new_role) over (
            partition by judged.source, judged.target_id
            order by judged.occurred_at, judged.event_id
        ) as last_role
    from judged
)

select
    followed.occurred_at,
    followed.source,
    followed.target_id as user_id,
    coalesce(
        nullif(person.name, ''),
        nullif(person.display_name, ''),
        nullif(trim(concat_ws(' ', person.first_name, person.last_name)), ''),
        e.target_name
    ) as user_name,
    coalesce(followed.told_old_role, followed.taken_role, followed.last_role) as old_role,
    followed.new_role,
    followed.actor_id,
    coalesce(
        nullif(actor.name, ''),
        nullif(actor.display_name, ''),
        nullif(trim(concat_ws(' ', actor.first_name, actor.last_name)), '')
    ) as actor_name,
    nullif(actor.email, '') as actor_email,
    followed.target_id = followed.actor_id as is_own,
    followed.ip_address,
    followed.summary,
    followed.event_id
from followed
cross join p
inner join events as e
    on
        followed.source = e.source
        and followed.stream = e.stream
        and followed.event_id = e.event_id
        and followed.occurred_at = e.occurred_at
left join performers as actor
    on
        followed.source = actor.source
        and followed.actor_id = actor.performer_id
        and actor.is_current
left join performers as person
    on
        followed.source = person.source
        and followed.target_id = person.performer_id
        and person.is_current
where followed.occurred_at >= p.since
order by followed.occurred_at, followed.source, followed.stream, followed.event_id
