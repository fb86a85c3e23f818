-- title: Actor timeline
-- question: What did one actor do, in order?
-- grain: one row per event
-- params: since timestamp = null, until timestamp = null, source text = null, actor text = null
-- reads: events, actors
-- notes: actor is an e-mail, a name or an identifier; without it, the one of most events in the period: see chosen_as.

with p as (
    select cast(actor as varchar) as actor
),

-- who is one over all sources
identities as (
    select
        a.actor_key,
        a.actor_name,
        a.actor_email,
        unnest(a.performer_ids) as performer
    from actors as a
),

counted as (
    select
        identities.actor_key,
        count(*) as events
    from events as e
    inner join identities on e.source || ':' || e.actor_id = identities.performer
    cross join p
    where
        p.actor is null
        and e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    group by identities.actor_key
    order by events desc, identities.actor_key
    limit 1
),

chosen as (
    select
        counted.actor_key,
        'most active' as chosen_as
    from counted
    union all
    select distinct
        identities.actor_key,
        'named' as chosen_as
    from identities
    cross join p
    where
        lower(p.actor) in (
            lower(identities.actor_key),
            lower(identities.actor_name),
            lower(identities.performer),
            lower(substr(identities.performer, strpos(identities.performer, ':') + 1))
        )
)

select
    e.occurred_at,
    e.source,
    identities.actor_key,
    coalesce(e.actor_name, identities.actor_name) as actor_name,
    e.actor_id,
    e.actor_type,
    e.action,
    e.target_type,
    e.target_id,
    e.target_name,
    e.ip_address,
    e.summary,
    e.event_id,
    chosen.chosen_as
from events as e
inner join identities on e.source || ':' || e.actor_id = identities.performer
inner join chosen on identities.actor_key = chosen.actor_key
where
    e.occurred_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or e.source = cast(source as varchar))
order by e.occurred_at, e.source, e.stream, e.event_id
