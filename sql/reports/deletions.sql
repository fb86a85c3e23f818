-- title: Deletions
-- question: What was destroyed, by whom?
-- grain: one row per act of deletion
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, related_resources
-- severity: low
-- notes: What is only taken off something else, or archived, is not destroyed.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since,
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) as until,
        cast(source as varchar) as source
),

deleted as (
    select e.*
    from events as e
    cross join p
    where
        e.occurred_at >= p.since
        and e.occurred_at < p.until
        and (p.source is null or e.source = p.source)
        and e.action = 'delete'
),

touched as (
    select
        related.source,
        related.stream,
        related.event_id,
        count(*) as things
    from related_resources as related
    cross join p
    where
        related.occurred_at >= p.since
        and related.occurred_at < p.until
    group by related.source, related.stream, related.event_id
)

select
    deleted.occurred_at,
    deleted.source,
    deleted.actor_id,
    deleted.actor_name,
    deleted.actor_email,
    deleted.actor_type,
    deleted.target_type,
    deleted.target_id,
    deleted.target_name,
    coalesce(
        touched.things,
        try_cast(nullif(regexp_extract(deleted.summary, '(^|\s)([0-9]+) [a-z]+s($|\s)', 2), '') as bigint),
        1
    ) as things,
    deleted.ip_address,
    deleted.summary,
    deleted.event_id
from deleted
left join touched
    on
        deleted.source = touched.source
        and deleted.stream = touched.stream
        and deleted.event_id = touched.event_id
order by deleted.occurred_at, deleted.source, deleted.stream, deleted.event_id
