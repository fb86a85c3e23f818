-- title: Deletions
-- question: What was destroyed, by whom?
-- grain: one row per act of deletion
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, related_resources
-- severity: low
-- notes: What is only taken off something else, or archived, is not destroyed.

with deleted as (
    select e.*
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and e.action = 'delete'
),

touched as (
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
        greatest(
            touched.things,
            try_cast(nullif(regexp_extract(
                -- a duration counts no things
                regexp_replace(deleted.summary, '[0-9]+ (second|minute|hour|day|week|month|year)s\b', '', 'g'),
                '(^|\s)([0-9]+) [a-z]+s($|\s)',
                2
            ), '') as bigint)
        ),
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
