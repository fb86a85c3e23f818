-- title: Access requests
-- question: Which requests were made, decided by whom, how long did they take, which are open?
-- grain: one row per time that access was asked for
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, performers, resources
-- chart: bar state hours
-- notes: Also those open at the end, whose hours run until then. Where no asking is shown, it was not collected.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since,
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) as until
),

steps as (
    select
        e.source,
        e.stream,
        e.event_id,
        e.occurred_at,
        e.actor_id,
        e.target_id,
        case
            when e.action in ('request', 'create') then 'requested'
            when e.action = 'approve' then 'approved'
            when e.action = 'deny' then 'refused'
            when e.action in ('delete', 'remove', 'archive', 'revoke') then 'withdrawn'
        end as step
    from events as e
    where
        e.target_type = 'DATA_ACCESS_REQUEST'
        and e.target_id is not null
        -- what is open may have been asked for at any time
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

-- one thing may be asked for again after it was decided
rounds as (
    select
        steps.*,
        count(case when steps.step = 'requested' then 1 end) over (
            partition by steps.source, steps.target_id
            order by steps.occurred_at, steps.event_id
            rows between unbounded preceding and current row
        ) as round
    from steps
    where steps.step is not null
),

requests as (
    select
        rounds.source,
        rounds.target_id,
        rounds.round,
        min(case when rounds.step = 'requested' then rounds.occurred_at end) as requested_at,
        min(case when rounds.step = 'requested' then rounds.actor_id end) as requester_id,
        min(case when rounds.step = 'requested' then rounds.event_id end) as request_event_id,
        min(case when rounds.step != 'requested' then rounds.occurred_at end) as decided_at,
        arg_min(
            case when rounds.step != 'requested' then rounds.step end, (rounds.occurred_at, rounds.event_id)
        ) as decision,
        arg_min(
            case when rounds.step != 'requested' then rounds.actor_id end, (rounds.occurred_at, rounds.event_id)
        ) as decider_id,
        arg_min(
            case when rounds.step != 'requested' then rounds.event_id end, (rounds.occurred_at, rounds.event_id)
        ) as decision_event_id
    from rounds
    group by rounds.source, rounds.target_id, rounds.round
)

select
    requests.requested_at as occurred_at,
    requests.source,
    coalesce(requests.decision, 'open') as state,
    requests.target_id as request_id,
    coalesce(nullif(thing.name, ''), nullif(thing.title, '')) as request_name,
    requests.requester_id,
    coalesce(
        nullif(requester.name, ''),
        nullif(requester.display_name, ''),
        nullif(trim(concat_ws(' ', requester.first_name, requester.last_name)), '')
    ) as requester_name,
    requests.decided_at,
    requests.decider_id,
    coalesce(
        nullif(decider.name, ''),
        nullif(decider.display_name, ''),
        nullif(trim(concat_ws(' ', decider.first_name, decider.last_name)), '')
    ) as decider_name,
    date_diff('minute', requests.requested_at, coalesce(requests.decided_at, p.until)) / 60 as hours,
    coalesce(requests.requester_id = requests.decider_id and requests.decision = 'approved', false) as is_own_approval,
    requests.request_event_id,
    requests.decision_event_id
from requests
cross join p
left join resources as thing
    on
        requests.source = thing.source
        and requests.target_id = thing.resource_id
        and thing.is_current
left join performers as requester
    on
        requests.source = requester.source
        and requests.requester_id = requester.performer_id
        and requester.is_current
left join performers as decider
    on
        requests.source = decider.source
        and requests.decider_id = decider.performer_id
        and decider.is_current
where
    requests.decided_at is null
    or requests.decided_at >= p.since
order by coalesce(requests.requested_at, requests.decided_at), requests.source, requests.target_id
