-- title: New IP addresses
-- question: Which actor came from an address never seen for them?
-- grain: one row per actor and address first seen in the period
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, event_addresses
-- severity: low
-- notes: Compared with all that was ever collected. Events without an address tell nothing.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since
),

pairs as (
    select
        e.source,
        e.actor_id,
        e.ip_address,
        min(e.occurred_at) as first_at,
        max(e.occurred_at) as last_at,
        count(*) as events,
        arg_min(e.event_id, (e.occurred_at, e.event_id)) as event_id
    from event_addresses as e
    where
        -- never seen is of all time
        e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    group by e.source, e.actor_id, e.ip_address
),

compared as (
    select
        pairs.*,
        min(pairs.first_at) over (partition by pairs.source, pairs.actor_id) as actor_since,
        min(pairs.first_at) over (partition by pairs.source, pairs.ip_address) as address_since,
        min(pairs.first_at) over (partition by pairs.source) as source_since,
        count(*) over (
            partition by pairs.source, pairs.actor_id
            order by pairs.first_at, pairs.ip_address
            rows between unbounded preceding and current row
        ) - 1 as known_addresses
    from pairs
),

new as (
    select
        compared.*,
        compared.address_since = compared.first_at as is_new_to_all
    from compared
    cross join p
    where
        compared.first_at >= p.since
        and (
            compared.first_at > compared.actor_since
            -- a new actor's first address is worth a look where nobody came from it before
            or (compared.first_at = compared.address_since and compared.first_at > compared.source_since)
        )
)

select
    new.first_at as occurred_at,
    new.source,
    new.actor_id,
    first_event.actor_name,
    first_event.actor_email,
    first_event.actor_type,
    new.ip_address,
    new.is_new_to_all,
    new.known_addresses,
    new.events,
    new.last_at,
    first_event.action as first_action,
    first_event.summary as first_summary,
    new.event_id
from new
left join (
    select e.*
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
) as first_event
    on
        new.source = first_event.source
        and new.event_id = first_event.event_id
order by new.first_at, new.source, new.actor_id, new.ip_address
