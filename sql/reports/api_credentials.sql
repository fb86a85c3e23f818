-- title: API credentials
-- question: Which API keys and tokens were made, used, removed, by whom?
-- grain: one row per key, token or client of the API
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, target_kinds
-- severity: low
-- notes: Of the period: a key made before it shows no time of making. The service of Zendesk does not log its use.

with seen as (
    select
        e.source,
        e.event_id,
        e.occurred_at,
        e.action,
        e.actor_id,
        e.actor_name,
        e.actor_type,
        e.target_id,
        e.target_name,
        kind.kind,
        e.ip_address
    from events as e
    left join target_kinds as kind on upper(e.target_type) = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

steps as (
    select
        seen.source,
        seen.event_id,
        seen.occurred_at,
        case
            when seen.action in ('create', 'add', 'enable', 'restore', 'grant') then 'made'
            when seen.action in ('delete', 'remove', 'disable', 'archive', 'revoke') then 'removed'
            when seen.action in ('use', 'read', 'login') then 'used'
            else 'changed'
        end as step,
        seen.target_id as credential_id,
        seen.target_name as credential_name,
        seen.actor_id,
        seen.actor_name,
        seen.ip_address
    from seen
    where
        seen.kind = 'credential'
        -- a key at work is its own actor
        and seen.actor_id is distinct from seen.target_id
    union all
    select
        seen.source,
        seen.event_id,
        seen.occurred_at,
        'used' as step,
        seen.actor_id as credential_id,
        seen.actor_name as credential_name,
        seen.actor_id,
        seen.actor_name,
        seen.ip_address
    from seen
    where seen.actor_type = 'API'
)

select
    min(steps.occurred_at) as occurred_at,
    steps.source,
    steps.credential_id,
    max(steps.credential_name) as credential_name,
    min(case when steps.step = 'made' then steps.occurred_at end) as made_at,
    arg_min(
        case when steps.step = 'made' then coalesce(steps.actor_name, steps.actor_id) end,
        (steps.occurred_at, steps.event_id)
    ) as made_by,
    count(case when steps.step = 'changed' then 1 end) as changes,
    count(case when steps.step = 'used' then 1 end) as uses,
    min(case when steps.step = 'used' then steps.occurred_at end) as first_used_at,
    max(case when steps.step = 'used' then steps.occurred_at end) as last_used_at,
    string_agg(
        distinct case when steps.step = 'used' then steps.ip_address end,
        ', '
        order by case when steps.step = 'used' then steps.ip_address end
    ) as used_from,
    max(case when steps.step = 'removed' then steps.occurred_at end) as removed_at,
    arg_max(
        case when steps.step = 'removed' then coalesce(steps.actor_name, steps.actor_id) end,
        (steps.occurred_at, steps.event_id)
    ) as removed_by
from steps
group by steps.source, steps.credential_id
order by min(steps.occurred_at), steps.source, steps.credential_id
