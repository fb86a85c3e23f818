-- title: User lifecycle
-- question: When was each user invited, created, disabled, suspended, removed?
-- grain: one row per event that began, ended or resumed what a user may do
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, target_kinds, listed_performers
-- severity: info
-- notes: Customers are users of Zendesk too. Dates of employment are those of the list of people.

with stages as (
    select
        e.*,
        case
            when kind.kind = 'invitation' then case
                when e.action = 'grant' then 'joined'
                when e.action in ('revoke', 'delete', 'remove', 'disable') then 'uninvited'
                else 'invited'
            end
            when e.action = 'invite' then 'invited'
            when e.action in ('create', 'add') then 'created'
            when e.action in ('enable', 'restore') then 'enabled'
            when e.action = 'disable' and e.summary ilike '%suspended%' then 'suspended'
            when e.action in ('disable', 'archive') then 'disabled'
            when e.action in ('delete', 'remove') then 'removed'
        end as stage
    from events as e
    inner join target_kinds as kind on upper(e.target_type) = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and kind.kind in ('user', 'invitation')
)

select
    stages.occurred_at,
    stages.source,
    stages.stage as change,
    stages.target_id as user_id,
    stages.target_name as user_name,
    listed.email as user_email,
    listed.employed_from,
    listed.employed_to,
    -- a person leaves at the end of the last day
    case
        when stages.stage in ('disabled', 'suspended', 'removed')
            then date_diff('day', listed.employed_to, cast(stages.occurred_at_local as date))
    end as days_after_leaving,
    stages.actor_id,
    stages.actor_name,
    stages.actor_email,
    stages.ip_address,
    stages.summary,
    stages.event_id
from stages
left join listed_performers as listed
    on
        stages.source = listed.source
        and stages.target_id = listed.performer_id
where stages.stage is not null
order by stages.occurred_at, stages.source, stages.stream, stages.event_id
