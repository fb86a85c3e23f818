-- title: Unusual volume
-- question: Which actor did far more than their own normal in a day?
-- grain: one row per actor and local day
-- params: since timestamp = null, until timestamp = null, source text = null, factor integer = 5, least integer = 20
-- reads: events
-- severity: medium
-- chart: bar local_day events
-- notes: The median of an actor's other active days is normal, from 30 days before on; one day alone has no normal.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since,
        cast(factor as integer) as factor,
        cast(least as integer) as least
),

days as (
    select
        e.source,
        e.actor_id,
        cast(e.occurred_at_local as date) as local_day,
        count(*) as events,
        min(e.occurred_at) as first_at,
        max(e.occurred_at) as last_at,
        max(e.actor_name) as actor_name,
        max(e.actor_type) as actor_type,
        nullif(array_to_string(list_sort(list_distinct(list(e.action))), ', '), '') as actions,
        count(distinct e.target_id) as targets
    from events as e
    where
        -- what is normal shows in the time before, too
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) - interval 30 days
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    group by e.source, e.actor_id, cast(e.occurred_at_local as date)
),

-- a day is no part of its own normal
compared as (
    select
        busy.first_at,
        busy.source,
        busy.local_day,
        busy.actor_id,
        busy.actor_name,
        busy.actor_type,
        busy.events,
        median(other.events) as normal_events,
        count(*) + 1 as active_days,
        busy.actions,
        busy.targets
    from days as busy
    cross join p
    inner join days as other
        on
            busy.source = other.source
            and busy.actor_id = other.actor_id
            and busy.local_day != other.local_day
    where
        -- a day on the border is of both periods
        busy.last_at >= p.since
        and busy.events >= p.least
    group by
        busy.first_at,
        busy.source,
        busy.local_day,
        busy.actor_id,
        busy.actor_name,
        busy.actor_type,
        busy.events,
        busy.actions,
        busy.targets
)

select
    compared.first_at as occurred_at,
    compared.source,
    compared.local_day,
    compared.actor_id,
    compared.actor_name,
    compared.actor_type,
    compared.events,
    compared.normal_events,
    round(compared.events / compared.normal_events, 1) as times_normal,
    compared.active_days,
    compared.actions,
    compared.targets
from compared
cross join p
where compared.events >= p.factor * compared.normal_events
order by times_normal desc, compared.first_at, compared.source, compared.actor_id
