-- title: API credentials
-- question: Which API keys and tokens were made, used, removed, by whom?
-- grain: one row per key, token or client of the API
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, told_kinds
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
        -- Zendesk writes it in two ways
        case upper(e.target_type) when 'APITOKEN' then 'API_TOKEN' else upper(e.target_type) end as target_type,
        e.target_id,
        e.target_name,
        -- a key at work is its own actor, but it may put an end to itself
        coalesce(
            kind.kind = 'credential'
            and (e.actor_id is distinct from e.target_id or e.action not in ('use', 'read', 'login')),
            false
        ) as is_done_to_key,
        e.ip_address
    from events as e
    left join told_kinds as kind on e.target_type = kind.target_type
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
            when seen.action in ('create', 'add', 'grant') then 'made'
            when seen.action in ('enable', 'restore') then 'resumed'
            when seen.action in ('delete', 'remove', 'disable', 'archive', 'revoke') then 'removed'
            when seen.action in ('use', 'read', 'login') then 'used'
            else 'changed'
        end as step,
        seen.target_type as credential_type,
        seen.target_id as credential_id,
        seen.target_name as credential_name,
        seen.actor_id,
        seen.actor_name,
        seen.ip_address
    from seen
    where seen.is_done_to_key
    union all
    select
        seen.source,
        seen.event_id,
        seen.occurred_at,
        'used' as step,
        'API_KEY' as credential_type,
        seen.actor_id as credential_id,
        seen.actor_name as credential_name,
        seen.actor_id,
        seen.actor_name,
        seen.ip_address
    from seen
    where
        seen.actor_type = 'API'
        and (seen.actor_id is distinct from seen.target_id or not seen.is_done_to_key)
),

keys as (
    select
        steps.source,
        steps.credential_type,
        steps.credential_id,
        max(steps.credential_name) as credential_name,
        min(steps.occurred_at) as first_at,
        min(case when steps.step = 'made' then steps.occurred_at end) as made_at,
        -- an empty name is somebody unknown: what is null would give way to another time
        arg_min(
            case when steps.step = 'made' then coalesce(steps.actor_name, steps.actor_id, '') end,
            (steps.occurred_at, steps.event_id)
        ) as made_by,
        count(case when steps.step in ('changed', 'resumed') then 1 end) as changes,
        count(case when steps.step = 'used' then 1 end) as uses,
        min(case when steps.step = 'used' then steps.occurred_at end) as first_used_at,
        max(case when steps.step = 'used' then steps.occurred_at end) as last_used_at,
        string_agg(
            distinct case when steps.step = 'used' then steps.ip_address end,
            ', '
            order by case when steps.step = 'used' then steps.ip_address end
        ) as used_from,
        arg_max(
            case when steps.step in ('made', 'resumed', 'removed') then steps.step end,
            (steps.occurred_at, steps.event_id)
        ) as last_step,
        max(case when steps.step = 'removed' then steps.occurred_at end) as removed_at,
        arg_max(
            case when steps.step = 'removed' then coalesce(steps.actor_name, steps.actor_id, '') end,
            (steps.occurred_at, steps.event_id)
        ) as removed_by
    from steps
    group by steps.source, steps.credential_type, steps.credential_id
)

select
    keys.first_at,
    keys.source,
    keys.credential_type,
    keys.credential_id,
    keys.credential_name,
    keys.made_at,
    nullif(keys.made_by, '') as made_by,
    keys.changes,
    keys.uses,
    keys.first_used_at,
    keys.last_used_at,
    keys.used_from,
    -- one that was enabled again is not removed
    case when keys.last_step = 'removed' then keys.removed_at end as removed_at,
    case when keys.last_step = 'removed' then nullif(keys.removed_by, '') end as removed_by
from keys
order by keys.first_at, keys.source, keys.credential_type, keys.credential_id
