-- title: Bulk actions
-- question: Which single actions touched many things?
-- grain: one row per such action
-- params: since timestamp = null, until timestamp = null, source text = null, least integer = 10
-- reads: events, recorded_events, related_resources
-- severity: low
-- chart: bar occurred_at things action
-- notes: Counted are the things an event names, the steps that followed from it, or the number its text tells.

with touched as (
    select
        related.source,
        related.stream,
        related.event_id,
        count(*) as things
    from related_resources as related
    where
        related.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and related.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    group by related.source, related.stream, related.event_id
),

steps as (
    select
        step.source,
        step.stream,
        step.parent_event_id,
        count(*) as things
    from recorded_events as step
    where
        -- the steps of an action follow it
        step.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
    group by step.source, step.stream, step.parent_event_id
),

counted as (
    select
        e.source,
        e.stream,
        e.event_id,
        e.occurred_at,
        greatest(
            coalesce(touched.things, 0),
            coalesce(steps.things, 0),
            coalesce(
                case
                    -- few texts count anything, and this is known sooner
                    when regexp_matches(e.summary, '[0-9] [a-z]+s')
                        then try_cast(nullif(regexp_extract(
                            -- a duration counts no things
                            regexp_replace(e.summary, '[0-9]+ (second|minute|hour|day|week|month|year)s\b', '', 'g'),
                            '(^|\s)([0-9]+) [a-z]+s($|\s)',
                            2
                        ), '') as bigint)
                end,
                0
            )
        ) as things
    from recorded_events as e
    left join touched
        on
            e.source = touched.source
            and e.stream = touched.stream
            and e.event_id = touched.event_id
    left join steps
        on
            e.source = steps.source
            and e.stream = steps.stream
            and e.event_id = steps.parent_event_id
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
)

select
    counted.occurred_at,
    counted.source,
    counted.things,
    e.action,
    e.actor_id,
    e.actor_name,
    e.actor_email,
    e.actor_type,
    e.target_type,
    e.target_id,
    e.target_name,
    e.ip_address,
    e.summary,
    counted.event_id
from counted
inner join events as e
    on
        counted.source = e.source
        and counted.stream = e.stream
        and counted.event_id = e.event_id
        and counted.occurred_at = e.occurred_at
where counted.things >= cast(least as integer)
order by counted.things desc, counted.occurred_at, counted.source, counted.stream, counted.event_id
