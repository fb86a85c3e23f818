-- title: Activity summary
-- question: How much of what was done, per month?
-- grain: one row per month, source, action and kind of target
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events
-- chart: bar month events action
-- notes: Months are those of the configured time zone. Events that no rule names stand under the action unknown.

select
    strftime(coalesce(e.occurred_at_local, e.occurred_at), '%Y-%m') as month,
    e.source,
    e.action,
    e.target_type,
    count(*) as events,
    count(distinct e.actor_id) as actors,
    count(distinct e.target_id) as targets,
    min(e.occurred_at) as first_at,
    max(e.occurred_at) as last_at
from events as e
where
    e.occurred_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or e.source = cast(source as varchar))
group by month, e.source, e.action, e.target_type
order by month, e.source, events desc, e.action, e.target_type
