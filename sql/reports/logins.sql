-- title: Sign-ins
-- question: Who signed in, when, from where?
-- grain: one row per attempt to sign in
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, listed_performers
-- severity: info
-- notes: Whether somebody had left is told by the list of people; without one nobody has.

with attempts as (
    select e.*
    from events as e
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and e.action in ('login', 'login_failed')
)

select
    attempts.occurred_at,
    attempts.occurred_at_local,
    attempts.source,
    case when attempts.action = 'login' then 'succeeded' else 'failed' end as outcome,
    attempts.actor_id,
    attempts.actor_name,
    coalesce(attempts.actor_email, listed.email) as actor_email,
    attempts.actor_type,
    -- whose account was tried, where nobody is known to have acted
    attempts.target_id,
    attempts.target_name,
    attempts.ip_address,
    -- the last day of work is one of work
    coalesce(cast(attempts.occurred_at_local as date) > listed.employed_to, false) as is_after_leaving,
    attempts.summary,
    attempts.event_id
from attempts
left join listed_performers as listed
    on
        attempts.source = listed.source
        and attempts.actor_id = listed.performer_id
order by attempts.occurred_at, attempts.source, attempts.stream, attempts.event_id
