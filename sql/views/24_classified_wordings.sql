-- name: classified_wordings
-- doc: The rows of the table wordings that have no action yet, with the action that action_rules give them.
-- column source: The configured account the event came from.
-- column service: The kind of the source, by which action_rules are chosen.
-- column activity_type: What was done, in the service's words.
-- column resource_type: What kind of thing it was done to, in the service's words.
-- column wording: The beginning of the event's text, without names; null where its activity_type tells enough.
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.
-- column is_by_type: Whether the activity_type tells enough, so that the text is not looked at.
-- column ocsf_class_uid: Event class of OCSF 1.8, by the table ocsf; 0 where the action is unknown.
-- column ocsf_category_uid: Category of that class.
-- column ocsf_activity_id: Activity of that class; 0 is unknown, 99 is one the class has no number for.

-- words apart by one space, with one around them, so that a rule matches whole words
with spaced as (
    select
        said.source,
        said.service,
        said.activity_type,
        said.resource_type,
        said.wording,
        ' ' || trim(regexp_replace(
            lower(regexp_replace(said.activity_type, '([a-z0-9])([A-Z])', '\1 \2', 'g')), '[^a-z0-9]+', ' ', 'g'
        )) || ' ' as activity_words,
        trim(regexp_replace(lower(said.resource_type), '[^a-z0-9]+', ' ', 'g')) || ' ' as resource_words,
        trim(regexp_replace(lower(said.wording), '[^a-z0-9]+', ' ', 'g')) || ' ' as text_words
    from wordings as said
    where said.action is null
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
),

texts as (
    select
        rules.service,
        min(rules.priority) as priority
    from rules
    where rules.of_words = 'text'
    group by rules.service
),

acted as (
    select
        spaced.source,
        spaced.service,
        spaced.activity_type,
        spaced.resource_type,
        spaced.wording,
        -- no text can have a rule before that of the type
        coalesce(by_activity.priority < texts.priority, false) as is_by_type,
        coalesce(
            case least(by_activity.priority, by_resource.priority, by_text.priority)
                when by_activity.priority then by_activity.action
                when by_resource.priority then by_resource.action
                when by_text.priority then by_text.action
            end,
            'unknown'
        ) as action
    from spaced
    left join texts on spaced.service = texts.service
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
)

select distinct
    acted.source,
    acted.service,
    acted.activity_type,
    acted.resource_type,
    case when not acted.is_by_type then acted.wording end as wording,
    acted.action,
    acted.is_by_type,
    coalesce(exact.class_uid, general.class_uid, 0) as ocsf_class_uid,
    coalesce(exact.category_uid, general.category_uid, 0) as ocsf_category_uid,
    coalesce(exact.activity_id, general.activity_id, 0) as ocsf_activity_id
from acted
left join ocsf as exact
    on
        acted.action = exact.action
        and acted.resource_type = exact.target_type
left join ocsf as general
    on
        acted.action = general.action
        and general.target_type = '*'
