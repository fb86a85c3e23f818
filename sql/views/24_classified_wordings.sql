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

rules as (
    select
        rule.service,
        rule.priority,
        rule.action,
        rule.pattern,
        case
            when rule.field in ('activity_type', 'action') then 'activity'
            when rule.field in ('resource_type', 'source_type') then 'resource'
            else 'text'
        end as of_words,
        split_part(rule.pattern, ' ', 1) as first_word
    from action_rules as rule
),

activities as (
    select
        known.service,
        known.activity_words,
        min(rule.priority) as priority,
        arg_min(rule.action, rule.priority) as action
    from (select distinct spaced.service, spaced.activity_words from spaced) as known
    inner join rules as rule
        on
            known.service = rule.service
            and rule.of_words = 'activity'
            and known.activity_words like ('% ' || rule.pattern || ' %')
    group by known.service, known.activity_words
),

things as (
    select
        known.service,
        known.resource_words,
        min(rule.priority) as priority,
        arg_min(rule.action, rule.priority) as action
    from (select distinct spaced.service, spaced.resource_words from spaced) as known
    inner join rules as rule
        on
            known.service = rule.service
            and rule.of_words = 'resource'
            and known.resource_words like (rule.pattern || ' %')
    group by known.service, known.resource_words
),

-- there may be as many texts as events: each is held against the rules of its first word, and against the few of any
candidates as (
    select
        known.service,
        known.text_words,
        rule.priority,
        rule.action
    from (select distinct spaced.service, spaced.text_words from spaced) as known
    inner join rules as rule
        on
            known.service = rule.service
            and split_part(known.text_words, ' ', 1) = rule.first_word
            and rule.of_words = 'text'
            and known.text_words like (rule.pattern || ' %')
    union all
    select
        known.service,
        known.text_words,
        rule.priority,
        rule.action
    from (select distinct spaced.service, spaced.text_words from spaced) as known
    inner join rules as rule
        on
            known.service = rule.service
            and rule.of_words = 'text'
            and strpos(rule.first_word, '%') > 0
            and known.text_words like (rule.pattern || ' %')
),

texts as (
    select
        candidates.service,
        candidates.text_words,
        min(candidates.priority) as priority,
        arg_min(candidates.action, candidates.priority) as action
    from candidates
    group by candidates.service, candidates.text_words
)

select
    spaced.load,
    spaced.source,
    spaced.activity_type,
    spaced.resource_type,
    spaced.wording,
    coalesce(
        case least(activities.priority, things.priority, texts.priority)
            when activities.priority then activities.action
            when things.priority then things.action
            when texts.priority then texts.action
        end,
        'unknown'
    ) as action
from spaced
left join activities
    on
        spaced.service = activities.service
        and spaced.activity_words = activities.activity_words
left join things
    on
        spaced.service = things.service
        and spaced.resource_words = things.resource_words
left join texts
    on
        spaced.service = texts.service
        and spaced.text_words = texts.text_words
