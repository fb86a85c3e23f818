-- name: sessions_by_address
-- doc: Runs of activity of an actor from one address, with no more than half an hour between one event and the next.
-- column source: The configured account the actor acts in.
-- column actor_id: The actor, by the service's identifier.
-- column session: The number of the run among those of the actor, from 1.
-- column ip_address: The address all of its events came from.
-- column began_at: Its first event (UTC).
-- column ended_at: Its last event (UTC).
-- column began_at_local: Its first event by the clocks of the configured time zone.
-- column events: How many events there are in it; those without an address count for none.
-- column actor_name: The actor's name at the last of them.

with followed as (
    select
        e.source,
        e.actor_id,
        e.actor_name,
        e.ip_address,
        e.occurred_at,
        e.occurred_at_local,
        e.event_id,
        e.ip_address = lag(e.ip_address) over earlier
        and e.occurred_at <= lag(e.occurred_at) over earlier + interval 30 minutes as is_continued
    from events as e
    where
        e.actor_id is not null
        and e.ip_address is not null
    window earlier as (partition by e.source, e.actor_id order by e.occurred_at, e.event_id)
),

numbered as (
    select
        followed.*,
        sum(case when followed.is_continued then 0 else 1 end) over (
            partition by followed.source, followed.actor_id
            order by followed.occurred_at, followed.event_id
            rows between unbounded preceding and current row
        ) as session
    from followed
)

select
    numbered.source,
    numbered.actor_id,
    cast(numbered.session as bigint) as session,
    min(numbered.ip_address) as ip_address,
    min(numbered.occurred_at) as began_at,
    max(numbered.occurred_at) as ended_at,
    min(numbered.occurred_at_local) as began_at_local,
    count(*) as events,
    arg_max(numbered.actor_name, (numbered.occurred_at, numbered.event_id)) as actor_name
from numbered
group by numbered.source, numbered.actor_id, numbered.session
