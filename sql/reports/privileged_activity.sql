-- title: Privileged activity
-- question: What did privileged actors do?
-- grain: one row per event of a privileged actor
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, told_kinds, listed_performers
-- notes: Privileged is who is so in the list of people; where nobody of a source is, whoever administered it.

with seen as (
    select
        e.*,
        coalesce(
            kind.kind in ('user', 'role', 'policy', 'credential', 'account', 'setting')
            and e.action in (
                'create', 'add', 'invite', 'grant', 'revoke', 'change_role', 'enable', 'disable', 'delete', 'remove'
            )
            or kind.kind in ('policy', 'account', 'setting') and e.action = 'update',
            false
        ) as is_administration
    from events as e
    left join told_kinds as kind on e.target_type = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
),

privileged as (
    select
        listed.source,
        listed.performer_id,
        'listed' as reason
    from listed_performers as listed
    where listed.privileged
    union all
    -- where the list names nobody of a source, whoever did what only the privileged can
    select
        seen.source,
        seen.actor_id as performer_id,
        'assumed' as reason
    from seen
    where
        seen.is_administration
        and seen.actor_type = 'USER'
        and not exists (
            select 1
            from listed_performers as listed
            where
                listed.privileged
                and listed.source = seen.source
        )
    group by seen.source, seen.actor_id
)

select
    seen.occurred_at,
    seen.source,
    seen.actor_id,
    seen.actor_name,
    seen.actor_email,
    privileged.reason as privileged_by,
    seen.action,
    seen.is_administration,
    seen.target_type,
    seen.target_id,
    seen.target_name,
    seen.ip_address,
    seen.summary,
    seen.event_id
from seen
inner join privileged
    on
        seen.source = privileged.source
        and seen.actor_id = privileged.performer_id
order by seen.occurred_at, seen.source, seen.stream, seen.event_id
