-- name: classified_wordings
-- doc: What the table wordings is filled from: the words of each load, with their action by action_rules.
-- column load: The load that stored an event so worded.
-- column source: The configured account the event came from.
-- column activity_type: What was done, in the service's words.
-- column resource_type: What kind of thing it was done to, in the service's words.
-- column wording: The beginning of the event's text, without names.
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.

with worded as (
    select
        activity.load,
        activity.source,
        'secoda' as service,
        activity.activity_type,
        activity.resource_type,
        -- without the bold pieces, which are names and would make every text a different one
        left(
            array_to_string(
                [block.value for block in activity.event_blocks if block.style is distinct from 'bold'], ' '
            ),
            60
        ) as wording
    from (
        select latest.load, latest.source, latest.activity_type, latest.resource_type, latest.event_blocks
        from activity_logs as latest
        union all
        select former.load, former.source, former.activity_type, former.resource_type, former.event_blocks
        from activity_logs_superseded as former
    ) as activity
    union all
    select
        record.load,
        record.source,
        'zendesk' as service,
        record.action as activity_type,
        record.source_type as resource_type,
        -- its first words, since names come later and would make every text a different one
        left(regexp_extract(record.change_description, '^\s*\S+(\s+\S+){0,3}'), 60) as wording
    from (
        select latest.load, latest.source, latest.action, latest.source_type, latest.change_description
        from zendesk_audit_logs as latest
        union all
        select former.load, former.source, former.action, former.source_type, former.change_description
        from zendesk_audit_logs_superseded as former
    ) as record
    union all
    select
        notification.load,
        notification.source,
        'secoda' as service,
        notification.event as activity_type,
        notification.resource_type,
        left(coalesce(nullif(notification.short_summary, ''), notification.content), 60) as wording
    from (
        select
            latest.load,
            latest.source,
            latest.event,
            latest.resource_type,
            latest.short_summary,
            latest.content
        from notifications as latest
        union all
        select
            former.load,
            former.source,
            former.event,
            former.resource_type,
            former.short_summary,
            former.content
        from notifications_superseded as former
    ) as notification
),

said as (
    select distinct
        worded.load,
        worded.source,
        worded.service,
        worded.activity_type,
        worded.resource_type,
        worded.wording
    from worded
),

-- words apart by one space, with one around them, so that a rule matches whole words
spaced as (
    select
        said.*,
        ' ' || trim(regexp_replace(
            lower(regexp_replace(said.activity_type, '([a-z0-9])([A-Z])', '\1 \2', 'g')), '[^a-z0-9]+', ' ', 'g'
        )) || ' ' as activity_words,
        trim(regexp_replace(lower(said.resource_type), '[^a-z0-9]+', ' ', 'g')) || ' ' as resource_words,
        trim(regexp_replace(lower(said.wording), '[^a-z0-9]+', ' ', 'g')) || ' ' as text_words
    from said
),

-- there may be as many texts as events: each is held against the rules of its first word, and against the few of any
rules as (
    select
        named.service,
        named.priority,
        named.action,
        named.of_words,
        case when named.of_words = 'activity' then '% ' else '' end || named.pattern || ' %' as pattern,
        case
            when named.of_words = 'text' and strpos(split_part(named.pattern, ' ', 1), '%') = 0
                then split_part(named.pattern, ' ', 1)
            else '%'
        end as first_word
    from (
        select
            rule.service,
            rule.priority,
            rule.action,
            rule.pattern,
            case
                when rule.field in ('activity_type', 'action') then 'activity'
                when rule.field in ('resource_type', 'source_type') then 'resource'
                else 'text'
            end as of_words
        from action_rules as rule
    ) as named
),

held as (
    select spaced.service, 'activity' as of_words, spaced.activity_words as words, '%' as first_word
    from spaced
    union
    select spaced.service, 'resource' as of_words, spaced.resource_words as words, '%' as first_word
    from spaced
    union
    select spaced.service, 'text' as of_words, spaced.text_words as words, '%' as first_word
    from spaced
    union
    select
        spaced.service,
        'text' as of_words,
        spaced.text_words as words,
        split_part(spaced.text_words, ' ', 1) as first_word
    from spaced
),

matched as (
    select
        held.service,
        held.of_words,
        held.words,
        min(rules.priority) as priority,
        arg_min(rules.action, rules.priority) as action
    from held
    inner join rules
        on
            held.service = rules.service
            and held.of_words = rules.of_words
            and held.first_word = rules.first_word
            and held.words like rules.pattern
    group by held.service, held.of_words, held.words
)

select
    spaced.load,
    spaced.source,
    spaced.activity_type,
    spaced.resource_type,
    spaced.wording,
    coalesce(
        case least(by_activity.priority, by_resource.priority, by_text.priority)
            when by_activity.priority then by_activity.action
            when by_resource.priority then by_resource.action
            when by_text.priority then by_text.action
        end,
        'unknown'
    ) as action
from spaced
left join matched as by_activity
    on
        spaced.service = by_activity.service
        and by_activity.of_words = 'activity'
        and spaced.activity_words = by_activity.words
left join matched as by_resource
    on
        spaced.service = by_resource.service
        and by_resource.of_words = 'resource'
        and spaced.resource_words = by_resource.words
left join matched as by_text
    on
        spaced.service = by_text.service
        and by_text.of_words = 'text'
        and spaced.text_words = by_text.words
