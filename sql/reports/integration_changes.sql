-- title: Integration changes
-- question: Which integrations and their settings changed?
-- grain: one row per event that changed one
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, told_kinds
-- severity: low
-- notes: Also webhooks, targets and sharing agreements. What an integration does itself is in service_account_activity.

with seen as (
    select
        e.*,
        case
            -- what is put on one or taken off it may be a tag
            when e.action = 'create' then 'connected'
            when e.action = 'delete' then 'disconnected'
            when e.action in ('disable', 'archive') then 'switched off'
            when e.action in ('enable', 'restore') then 'switched on'
            when e.action not in ('sync', 'run', 'read', 'use', 'export', 'import', 'login', 'login_failed', 'logout')
                then 'changed'
        end as change
    from events as e
    inner join told_kinds as kind on e.target_type = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and kind.kind = 'integration'
)

select
    seen.occurred_at,
    seen.source,
    seen.change,
    seen.target_id as integration_id,
    seen.target_name as integration_name,
    seen.target_type,
    seen.actor_id,
    seen.actor_name,
    seen.actor_email,
    seen.actor_type,
    seen.ip_address,
    seen.summary,
    seen.event_id
from seen
where seen.change is not null
order by seen.occurred_at, seen.source, seen.stream, seen.event_id
