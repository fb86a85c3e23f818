-- name: event_addresses
-- doc: Where events came from: one row per event with an actor and an address.
-- column source: The configured account the event came from.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column occurred_at: When it happened (UTC).
-- column actor_id: Who did it, by the service's identifier.
-- column ip_address: Where it came from.

select
    recorded.source,
    recorded.stream,
    recorded.event_id,
    recorded.occurred_at,
    recorded.actor_id,
    recorded.ip_address
from recorded_events as recorded
where
    recorded.actor_id is not null
    and recorded.ip_address is not null
