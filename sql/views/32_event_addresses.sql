-- name: event_addresses
-- doc: Where events came from: one row per event with an actor and an address. Quicker than events, for all of history.
-- column source: The configured account the event came from.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column occurred_at: When it happened (UTC).
-- column actor_id: Who did it, by the service's identifier.
-- column ip_address: Where it came from.

with of_activities as (
    select
        activity.source,
        activity.stream,
        activity.id as event_id,
        activity.logged_at as occurred_at,
        activity.performer_id as actor_id,
        coalesce(
            json_extract_string(activity.metadata, '$.ip_address'),
            json_extract_string(activity.metadata, '$.ip')
        ) as ip_address
    from activity_logs as activity
    where
        activity.performer_id is not null
        -- far quicker than to read what cannot hold one
        and contains(cast(activity.metadata as varchar), '"ip')
),

-- of a time that the audit logs do not cover, as in events
of_notifications as (
    select
        notification.source,
        notification.stream,
        notification.id as event_id,
        notification.created_at as occurred_at,
        coalesce(notification.sender_id, notification.performer_id) as actor_id,
        coalesce(
            json_extract_string(notification.metadata, '$.ip_address'),
            json_extract_string(notification.metadata, '$.ip')
        ) as ip_address
    from notifications as notification
    where
        coalesce(notification.sender_id, notification.performer_id) is not null
        and contains(cast(notification.metadata as varchar), '"ip')
        and not exists (
            select 1
            from coverage as covered
            where
                notification.source = covered.source
                and covered.stream = 'audit_logs'
                and covered.state in ('provisional', 'final', 'asserted')
                and notification.created_at >= covered.from_at
                and notification.created_at < covered.to_at
        )
)

select
    of_activities.source,
    of_activities.stream,
    of_activities.event_id,
    of_activities.occurred_at,
    of_activities.actor_id,
    of_activities.ip_address
from of_activities
where of_activities.ip_address is not null
union all
select
    record.source,
    record.stream,
    cast(record.id as varchar) as event_id,
    record.created_at as occurred_at,
    cast(record.actor_id as varchar) as actor_id,
    record.ip_address
from zendesk_audit_logs as record
where
    record.actor_id is not null
    and record.ip_address is not null
union all
select
    of_notifications.source,
    of_notifications.stream,
    of_notifications.event_id,
    of_notifications.occurred_at,
    of_notifications.actor_id,
    of_notifications.ip_address
from of_notifications
where of_notifications.ip_address is not null
