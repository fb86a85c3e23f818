-- title: Actor timeline
-- question: What did one actor do, in order?
-- grain: one row per event
-- params: since timestamp = null, until timestamp = null, source text = null, actor text = null
-- reads: events, recorded_events, actors
-- notes: actor is an e-mail, a name or an identifier; without it, the one of most events in the period: see chosen_as.

with p as (
    select cast(actor as varchar) as actor
),

-- who is one over all sources
identities as (
    select
        a.actor_key,
        a.actor_name,
        unnest(a.performer_ids) as performer
    from actors as a
),

performing as (
    select
        identities.actor_key,
        identities.actor_name,
        identities.performer,
        left(identities.performer, strpos(identities.performer, ':') - 1) as source,
        substr(identities.performer, strpos(identities.performer, ':') + 1) as performer_id
    from identities
),

counted as (
    select
        performing.actor_key,
        count(*) as events
    from recorded_events as e
    inner join performing
        on
            e.source = performing.source
            and e.actor_id = performing.performer_id
    cross join p
    where
        p.actor is null
        and e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
    group by performing.actor_key
    order by events desc, performing.actor_key
    limit 1
),

chosen as (
    select
        counted.actor_key,
        'most active' as chosen_as
    from counted
    union all
    select distinct
        performing.actor_key,
        'named' as chosen_as
    from performing
    cross join p
    where
        lower(p.actor) in (
            lower(performing.actor_key),
            lower(performing.actor_name),
            lower(performing.performer),
            lower(performing.performer_id)
        )
)

select
    e.occurred_at,
    e.source,
    performing.actor_key,
    coalesce(e.actor_name, performing.actor_name) as actor_name,
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
inner join performing
    on
        e.source = performing.source
        and e.actor_id = performing.performer_id
inner join chosen on performing.actor_key = chosen.actor_key
where
    e.occurred_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or e.source = cast(source as varchar))
order by e.occurred_at, e.source, e.stream, e.event_id
