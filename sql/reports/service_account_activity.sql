-- title: Service account activity
-- question: What did service accounts, automations and integrations do?
-- grain: one row per actor, action and kind of thing
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, performers
-- chart: bar actor_name events action

with machines as (
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
        machine.performer_id is not null as is_service_account
    from events as e
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
        and (
            machine.performer_id is not null
            or e.actor_type not in ('USER', 'UNKNOWN')
        )
)

select
    min(acts.occurred_at) as occurred_at,
    acts.source,
    acts.actor_id,
    max(acts.actor_name) as actor_name,
    acts.actor_type,
    acts.is_service_account,
    acts.action,
    acts.target_type,
    count(*) as events,
    count(distinct acts.target_id) as targets,
    count(distinct cast(acts.occurred_at_local as date)) as active_days,
    nullif(array_to_string(list_sort(list_distinct(list(acts.ip_address))), ', '), '') as ip_addresses,
    max(acts.occurred_at) as last_at
from acts
group by acts.source, acts.actor_id, acts.actor_type, acts.is_service_account, acts.action, acts.target_type
order by acts.source, events desc, acts.actor_id, acts.action, acts.target_type
