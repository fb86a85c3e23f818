-- title: Top actors
-- question: Who does most?
-- grain: one row per source and actor
-- params: since timestamp = null, until timestamp = null, source text = null, top integer = null
-- reads: events
-- chart: bar actor_name events
-- notes: All actors, unless top limits each source to its first so many. Events without an actor share one row.

with p as (
    select cast(top as bigint) as top
),

counted as (
    select
        e.source,
        e.actor_id,
        arg_max(e.actor_name, (e.occurred_at, e.event_id)) as actor_name,
        arg_max(e.actor_email, (e.occurred_at, e.event_id)) as actor_email,
        arg_max(e.actor_type, (e.occurred_at, e.event_id)) as actor_type,
        count(*) as events,
        count(distinct cast(coalesce(e.occurred_at_local, e.occurred_at) as date)) as active_days,
        count(distinct e.target_id) as targets,
        count(distinct e.action) as actions,
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
    group by e.source, e.actor_id
),

ranked as (
    select
        counted.*,
        row_number() over (
            partition by counted.source
            order by counted.events desc, counted.actor_id
        ) as place,
        round(100.0 * counted.events / sum(counted.events) over (partition by counted.source), 2) as percent
    from counted
)

select
    ranked.source,
    ranked.place,
    ranked.actor_id,
    ranked.actor_name,
    ranked.actor_email,
    ranked.actor_type,
    ranked.events,
    ranked.percent,
    ranked.active_days,
    ranked.targets,
    ranked.actions,
    ranked.first_at,
    ranked.last_at
from ranked
cross join p
where p.top is null or ranked.place <= p.top
order by ranked.source, ranked.place
