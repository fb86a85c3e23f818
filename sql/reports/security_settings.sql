-- title: Security settings
-- question: Which account security settings changed?
-- grain: one row per change of a setting, of the owner, or of a suspension
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: events, told_kinds
-- severity: medium
-- notes: Weaker is true or false where the setting is one whose bad side is known, else empty.

with seen as (
    select
        e.*,
        kind.kind,
        -- of several changes in one entry the first that this report knows, else the first
        coalesce(
            nullif(regexp_extract(
                e.summary,
                '(?im)^.*(owner|assume|assuming|assumption|mobile|redaction|restriction|single sign-on|two-factor'
                || '|attachment access).* changed from .*$'
            ), ''),
            regexp_extract(e.summary, '^.*')
        ) as line
    from events as e
    inner join told_kinds as kind on e.target_type = kind.target_type
    where
        e.occurred_at >= coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        )
        and e.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
        and (cast(source as varchar) is null or e.source = cast(source as varchar))
        and (
            kind.kind = 'setting'
            or (
                kind.kind = 'account'
                and e.action not in ('login', 'login_failed', 'logout', 'read', 'use', 'run', 'sync', 'export')
                -- of people whose time is over
                and (e.action != 'delete' or e.actor_type is distinct from 'SYSTEM')
            )
            -- Zendesk suspends users; who is disabled in Secoda is in user_lifecycle
            or (
                e.target_type = 'user'
                and (
                    e.action in ('enable', 'disable')
                    -- among other changes of one entry
                    or regexp_matches(e.summary, '(?im)\n(un)?suspended($| changed from )')
                )
            )
        )
),

told as (
    select
        seen.*,
        case
            when seen.kind = 'setting' then coalesce(seen.target_name, seen.target_id)
            when seen.kind = 'user' then 'Suspension'
            when regexp_matches(seen.line, '(?i)^(account |workspace )?owner changed ') then 'Owner'
            else coalesce(nullif(regexp_extract(seen.line, '^(.+?) changed from ', 1), ''), seen.target_name)
        end as setting,
        case
            when seen.kind != 'user' then nullif(regexp_extract(seen.line, ' from (.+?) to (.+)$', 1), '')
        end as old_value,
        case
            when seen.kind != 'user'
                then coalesce(
                    nullif(regexp_extract(seen.line, ' from (.+?) to (.+)$', 2), ''),
                    nullif(regexp_extract(seen.line, '(^|: )([Ee]nabled|[Dd]isabled|[Oo]n|[Oo]ff)$', 2), '')
                )
            when seen.action in ('enable', 'disable') then seen.action
            when regexp_matches(seen.summary, '(?im)\n(unsuspended$|suspended changed from (true|yes) )') then 'enable'
            else 'disable'
        end as new_value
    from seen
)

select
    told.occurred_at,
    told.source,
    told.setting,
    told.old_value,
    told.new_value,
    case
        when told.setting = 'Owner' then true
        when told.kind = 'user' then told.new_value = 'enable'
        -- what lets in is worse when on, what protects when off
        when
            regexp_matches(
                told.setting,
                '(?i)assume|assuming|assumption|mobile|redaction|restriction|single sign-on|two-factor'
                || '|attachment access'
            )
            then
                regexp_matches(told.new_value, '(?i)disabled|^(off|false|no|none|never|inactive|0)$')
                != regexp_matches(told.setting, '(?i)assume|assuming|assumption|mobile')
    end as is_weaker,
    told.target_type,
    told.target_id,
    told.target_name,
    told.actor_id,
    told.actor_name,
    told.actor_email,
    told.ip_address,
    told.summary,
    told.event_id
from told
order by told.occurred_at, told.source, told.stream, told.event_id
