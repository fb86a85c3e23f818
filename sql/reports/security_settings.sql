-- title: Security settings
-- question: Which account security settings changed?
-- grain: one row per change of a setting, of the owner, or of a suspension
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, target_kinds
-- severity: medium
-- notes: Weaker is true or false where the setting is one whose bad side is known, else empty.

with seen as (
    select
        e.*,
        kind.kind,
        case
            when kind.kind = 'setting' then coalesce(e.target_name, e.target_id)
            when e.action = 'change_role' then 'Owner'
            when kind.kind = 'user' then 'Suspension'
            else coalesce(nullif(regexp_extract(e.summary, '^(.+?) changed from ', 1), ''), e.target_name)
        end as setting,
        nullif(regexp_extract(e.summary, ' from (.+?) to (.+)$', 1), '') as old_value,
        case
            when kind.kind = 'user' then e.action
            else coalesce(
                nullif(regexp_extract(e.summary, ' from (.+?) to (.+)$', 2), ''),
                nullif(regexp_extract(e.summary, '(^|: )([Ee]nabled|[Dd]isabled|[Oo]n|[Oo]ff)$', 2), '')
            )
        end as new_value
    from events as e
    inner join target_kinds as kind on upper(e.target_type) = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and (
            kind.kind = 'setting'
            or (kind.kind = 'account' and e.action in ('change_role', 'update', 'enable', 'disable'))
            -- Zendesk suspends users; who is disabled in Secoda is in user_lifecycle
            or (e.target_type = 'user' and e.action in ('enable', 'disable'))
        )
)

select
    seen.occurred_at,
    seen.source,
    seen.setting,
    seen.old_value,
    seen.new_value,
    case
        when seen.setting = 'Owner' then true
        when seen.kind = 'user' then seen.action = 'enable'
        -- what lets in is worse when on, what protects when off
        when seen.setting ilike '%assum%' or seen.setting ilike '%mobile%'
            then seen.new_value not ilike '%disabled%' and seen.new_value not ilike 'off'
        when
            seen.setting ilike '%redaction%'
            or seen.setting ilike '%restriction%'
            or seen.setting ilike '%single sign-on%'
            or seen.setting ilike '%two-factor%'
            or seen.setting ilike '%attachment access%'
            then seen.new_value ilike '%disabled%' or seen.new_value ilike 'off'
    end as is_weaker,
    seen.target_type,
    seen.target_id,
    seen.target_name,
    seen.actor_id,
    seen.actor_name,
    seen.actor_email,
    seen.ip_address,
    seen.summary,
    seen.event_id
from seen
order by seen.occurred_at, seen.source, seen.stream, seen.event_id
