-- name: related_resources
-- doc: One row per other resource an activity touched, besides the one it was done to.
-- column source: The configured account the record came from.
-- column stream: The endpoint of the source the record came from.
-- column event_id: The activity; `event_id` in events, `id` in activity_logs.
-- column occurred_at: When it happened (UTC).
-- column related_resource_id: The resource touched.
-- column related_resource_type: What kind of thing it is.

select
    touched.source,
    touched.stream,
    touched.event_id,
    touched.occurred_at,
    touched.related_resource_id,
    touched.related_resource_type
from (
    select
        log.source,
        log.stream,
        log.id as event_id,
        log.logged_at as occurred_at,
        unnest(log.related_resource_ids) as related_resource_id,
        log.related_resource_type
    from activity_logs as log
    -- an event that names none is not read further
    where log.related_resource_ids is not null
) as touched
where touched.related_resource_id is not null
