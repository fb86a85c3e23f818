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
        e.action,
        case
            when e.action in ('request', 'create') then 'requested'
            when e.action in ('approve', 'grant') then 'approved'
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

told as (
    select steps.*
    from steps
    where steps.step is not null
    -- a request is created once: what is created for it later is a comment
    qualify
        steps.action != 'create'
        or row_number() over (
            partition by steps.source, steps.target_id
            order by steps.occurred_at, steps.event_id
        ) = 1
),

followed as (
    select
        told.*,
        lag(told.step) over (
            partition by told.source, told.target_id
            order by told.occurred_at, told.event_id
        ) as last_step
    from told
),

-- one thing may be asked for again after it was decided
rounds as (
    select
        followed.*,
        count(
            case when followed.step = 'requested' and followed.last_step is distinct from 'requested' then 1 end
        ) over (
            partition by followed.source, followed.target_id
            order by followed.occurred_at, followed.event_id
            rows between unbounded preceding and current row
        ) as round
    from followed
),

-- taken as a whole, for who did it may be unknown
requests as (
    select
        rounds.source,
        rounds.target_id,
        rounds.round,
        min({ 'done_at': rounds.occurred_at, 'event_id': rounds.event_id, 'actor_id': rounds.actor_id })
        filter (where rounds.step = 'requested') as asking,
        min({
            'done_at': rounds.occurred_at,
            'event_id': rounds.event_id,
            'actor_id': rounds.actor_id,
            'step': rounds.step
        })
        filter (where rounds.step != 'requested') as decision
    from rounds
    group by rounds.source, rounds.target_id, rounds.round
)

select
    requests.asking.done_at as occurred_at,
    requests.source,
    coalesce(requests.decision.step, 'open') as state,
    requests.target_id as request_id,
    coalesce(nullif(thing.name, ''), nullif(thing.title, '')) as request_name,
    requests.asking.actor_id as requester_id,
    coalesce(
        nullif(requester.name, ''),
        nullif(requester.display_name, ''),
        nullif(trim(concat_ws(' ', requester.first_name, requester.last_name)), '')
    ) as requester_name,
    requests.decision.done_at as decided_at,
    requests.decision.actor_id as decider_id,
    coalesce(
        nullif(decider.name, ''),
        nullif(decider.display_name, ''),
        nullif(trim(concat_ws(' ', decider.first_name, decider.last_name)), '')
    ) as decider_name,
    date_diff('minute', requests.asking.done_at, coalesce(requests.decision.done_at, p.until)) / 60 as hours,
    coalesce(
        requests.asking.actor_id = requests.decision.actor_id and requests.decision.step = 'approved', false
    ) as is_own_approval,
    requests.asking.event_id as request_event_id,
    requests.decision.event_id as decision_event_id
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
        and requests.asking.actor_id = requester.performer_id
        and requester.is_current
left join performers as decider
    on
        requests.source = decider.source
        and requests.decision.actor_id = decider.performer_id
        and decider.is_current
where
    requests.decision.done_at is null
    or requests.decision.done_at >= p.since
order by coalesce(requests.asking.done_at, requests.decision.done_at), requests.source, requests.target_id
