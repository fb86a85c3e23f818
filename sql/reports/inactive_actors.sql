-- title: Inactive actors
-- question: Which actors have been silent for N days?
-- grain: one row per actor of a source that may still act
-- params: since timestamp = null, until timestamp = null, source text = null, days integer = null
-- reads: performers, recorded_events, classified_events, told_kinds, listed_performers
-- severity: low
-- chart: bar actor_name silent_days
-- notes: Silent for so many days before the end of the period, or for all of it. The disabled and deleted are left out.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since,
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) as until,
        cast(days as integer) as days
),

border as (
    select
        case when p.days is null then p.since else p.until - to_days(p.days) end as silent_since,
        p.until
    from p
),

known as (
    select
        performer.source,
        performer.performer_id,
        arg_max(performer.performer_type, (performer.is_current, performer.last_observed_at)) as actor_type,
        arg_max(
            coalesce(
                nullif(performer.name, ''),
                nullif(performer.display_name, ''),
                nullif(trim(concat_ws(' ', performer.first_name, performer.last_name)), '')
            ),
            (performer.is_current, performer.last_observed_at)
        ) as actor_name,
        arg_max(nullif(performer.email, ''), (performer.is_current, performer.last_observed_at)) as actor_email,
        coalesce(bool_or(performer.is_current and performer.disabled), false) as is_disabled,
        min(performer.first_observed_at) as first_observed_at,
        max(performer.last_observed_at) as last_observed_at
    from performers as performer
    where cast(source as varchar) is null or performer.source = cast(source as varchar)
    group by performer.source, performer.performer_id
),

active as (
    select
        e.source,
        e.actor_id
    from recorded_events as e
    where
        e.occurred_at >= case
            when cast(days as integer) is null
                then coalesce(
                    cast(since as timestamp),
                    coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
                )
            else coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - to_days(cast(days as integer))
        end
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    group by e.source, e.actor_id
),

-- what was done to them counts for more than how they were seen when they acted
barred as (
    select
        e.source,
        e.target_id,
        arg_max(e.action, (e.occurred_at, e.event_id)) in ('disable', 'delete') as is_barred
    from classified_events as e
    inner join told_kinds as kind on e.target_type = kind.target_type
    where
        kind.kind = 'user'
        and e.action in ('enable', 'restore', 'disable', 'delete')
        -- they may have been disabled at any time
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    group by e.source, e.target_id
)

select
    case when known.last_observed_at < border.silent_since then known.last_observed_at end as occurred_at,
    known.source,
    known.performer_id as actor_id,
    known.actor_name,
    coalesce(known.actor_email, listed.email) as actor_email,
    known.actor_type,
    known.first_observed_at,
    date_diff('day', least(known.last_observed_at, border.silent_since), border.until) as silent_days,
    known.last_observed_at >= border.until as is_active_since,
    listed.manager,
    listed.employed_to
from known
cross join border
left join active
    on
        known.source = active.source
        and known.performer_id = active.actor_id
left join barred
    on
        known.source = barred.source
        and known.performer_id = barred.target_id
left join listed_performers as listed
    on
        known.source = listed.source
        and known.performer_id = listed.performer_id
where
    active.actor_id is null
    and known.first_observed_at < border.silent_since
    and not coalesce(barred.is_barred, known.is_disabled)
order by silent_days desc, known.source, known.performer_id
