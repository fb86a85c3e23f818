-- title: Activity outside working hours
-- question: What happened outside working hours, in the configured zone and calendar?
-- grain: one row per person and local day with such activity
-- params: since timestamp = null, until timestamp = null, source text = null, least integer = 1
-- reads: events, performers, ref.working_hours, ref.holidays
-- severity: low
-- chart: bar local_day events reason
-- notes: Of people, not machines. Where no hours are configured, 9:00 to 17:00 of Monday to Friday are assumed.

with p as (
    select cast(least as integer) as least
),

hours as (
    select
        working.weekday,
        extract(hour from working.begins_at) * 60 + extract(minute from working.begins_at) as begins,
        extract(hour from working.ends_at) * 60 + extract(minute from working.ends_at) as ends
    from ref.working_hours as working
),

machines as (
    select
        performer.source,
        performer.performer_id
    from performers as performer
    where performer.is_service_account
    group by performer.source, performer.performer_id
),

acts as (
    select
        e.*,
        case
            when holiday.holiday is not null then 'holiday'
            when hours.weekday is null then 'rest day'
            else 'outside hours'
        end as reason
    from events as e
    left join hours on extract(isodow from e.occurred_at_local) = hours.weekday
    left join ref.holidays as holiday on cast(e.occurred_at_local as date) = holiday.holiday
    left join machines as machine
        on
            e.source = machine.source
            and e.actor_id = machine.performer_id
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and e.actor_type = 'USER'
        and machine.performer_id is null
        and (
            holiday.holiday is not null
            or hours.weekday is null
            or extract(hour from e.occurred_at_local) * 60 + extract(minute from e.occurred_at_local) < hours.begins
            or extract(hour from e.occurred_at_local) * 60 + extract(minute from e.occurred_at_local) >= hours.ends
        )
)

select
    acts.source,
    cast(acts.occurred_at_local as date) as local_day,
    acts.reason,
    acts.actor_id,
    max(acts.actor_name) as actor_name,
    max(acts.actor_email) as actor_email,
    count(*) as events,
    min(acts.occurred_at_local) as first_at_local,
    max(acts.occurred_at_local) as last_at_local,
    nullif(array_to_string(list_sort(list_distinct(list(acts.action))), ', '), '') as actions,
    nullif(array_to_string(list_sort(list_distinct(list(acts.ip_address))), ', '), '') as ip_addresses,
    (select bool_or(working.is_assumed) from ref.working_hours as working) as is_assumed
from acts
cross join p
group by acts.source, cast(acts.occurred_at_local as date), acts.reason, acts.actor_id, p.least
having count(*) >= p.least
order by local_day, acts.source, acts.actor_id
