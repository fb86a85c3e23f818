-- title: Policy changes
-- question: Which policies, monitors and rules were changed or silenced?
-- grain: one row per event that made, changed, silenced, woke or removed a policy, a monitor or a rule
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events
-- notes: Known by the kind of the target. What a monitor or an automation does by itself is no change of it.

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
        e.summary
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and upper(e.target_type) in (
            'POLICY',
            'IAM_RESOURCE_POLICY',
            'MONITOR',
            'MONITOR_NOTIFICATION_RULE',
            'AUTOMATION',
            'RULE',
            'TRIGGER',
            'MACRO',
            'SLA_POLICY',
            'ROUTING_RULE'
        )
        -- what such a thing does by itself is no change of it; a person may have the number of a rule
        and e.action not in ('run', 'read', 'use', 'sync', 'export')
        and (e.actor_type = 'USER' or coalesce(e.actor_id != e.target_id, true))
)

select
    seen.occurred_at,
    seen.source,
    case
        when seen.action in ('disable', 'archive', 'unpublish', 'revoke') then 'silenced'
        when seen.action in ('enable', 'restore', 'publish', 'grant') then 'woken'
        when seen.action in ('create', 'import') then 'made'
        -- what is taken off one may be a subscriber
        when seen.action = 'delete' then 'removed'
        else 'changed'
    end as change,
    seen.action,
    seen.actor_id,
    seen.actor_name,
    seen.actor_email,
    seen.actor_type,
    seen.target_type,
    seen.target_id,
    seen.target_name,
    seen.ip_address,
    seen.summary,
    seen.event_id
from seen
order by seen.occurred_at, seen.source, seen.stream, seen.event_id
