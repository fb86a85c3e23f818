-- title: User lifecycle
-- question: When was each user invited, created, disabled, suspended, removed?
-- grain: one row per event that began, ended or resumed what a user may do
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, classified_events, told_kinds, listed_performers
-- severity: info
-- notes: Customers are users of Zendesk too. Dates of employment are those of the list of people.

with seen as (
    select
        e.source,
        e.stream,
        e.event_id,
        e.occurred_at,
        e.action,
        e.target_type,
        e.summary,
        kind.kind = 'invitation' or e.activity_type ilike '%invit%' as is_of_invitation,
        -- what else is added to a user, or removed, is a role or a tag of theirs
        regexp_matches(
            e.activity_type,
            '(?i)^((user|member)s?[^a-z]*(added|removed)|(add|added|remove|removed)[^a-z]*(user|member)s?)$'
        ) as is_of_user
    from classified_events as e
    inner join told_kinds as kind on e.target_type = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and kind.kind in ('user', 'invitation')
),

stages as (
    select
        seen.*,
        case
            when seen.is_of_invitation
                then case
                    when seen.action = 'grant' then 'joined'
                    when seen.action in ('revoke', 'delete', 'remove', 'disable', 'deny') then 'uninvited'
                    when seen.action in ('invite', 'create') then 'invited'
                end
            when seen.action = 'invite' then 'invited'
            when seen.action = 'create' or (seen.action = 'grant' and seen.is_of_user) then 'created'
            when seen.action in ('enable', 'restore') then 'enabled'
            when seen.action = 'disable' and seen.summary ilike '%suspended%' then 'suspended'
            when seen.action in ('disable', 'archive') then 'disabled'
            when seen.action = 'delete' or (seen.action in ('remove', 'revoke') and seen.is_of_user) then 'removed'
            -- Zendesk says it under other changes of one entry
            when seen.target_type != 'user' then null
            when regexp_matches(seen.summary, '(?i)\nsuspended(\n|$| changed from (false|no))') then 'suspended'
            when regexp_matches(seen.summary, '(?i)\n(unsuspended(\n|$)|suspended changed from (true|yes))')
                then 'enabled'
        end as stage
    from seen
)

select
    stages.occurred_at,
    stages.source,
    stages.stage as change,
    e.target_id as user_id,
    e.target_name as user_name,
    listed.email as user_email,
    listed.employed_from,
    listed.employed_to,
    -- a person leaves at the end of the last day
    case
        when stages.stage in ('disabled', 'suspended', 'removed')
            then date_diff('day', listed.employed_to, cast(e.occurred_at_local as date))
    end as days_after_leaving,
    e.actor_id,
    e.actor_name,
    e.actor_email,
    e.ip_address,
    stages.summary,
    stages.event_id
from stages
inner join events as e
    on
        stages.source = e.source
        and stages.stream = e.stream
        and stages.event_id = e.event_id
        and stages.occurred_at = e.occurred_at
left join listed_performers as listed
    on
        e.source = listed.source
        and e.target_id = listed.performer_id
where stages.stage is not null
order by stages.occurred_at, stages.source, stages.stream, stages.event_id
