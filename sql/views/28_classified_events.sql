-- name: classified_events
-- doc: recorded_events with what was done in one word; events adds what was observed elsewhere, and local time.
-- column source: The configured account the event came from.
-- column service: The kind of the source, by which action_rules are chosen.
-- column stream: The endpoint of the source the event came from.
-- column event_id: The service's identifier of the event; unique within source and stream.
-- column parent_event_id: The event this one is a part of: a bulk action or an automation.
-- column version_history_id: The version of the target that the event made.
-- column load: The load that stored it: the sequence of its ledger record.
-- column occurred_at: When it happened (UTC).
-- column actor_id: Who did it, by the service's identifier.
-- column actor_name: The actor's name, if the record says it.
-- column actor_in_text: The name that the event's text begins with, where the record says none.
-- column actor_email: The actor's e-mail, if the record says it.
-- column actor_type: What kind of actor, in the service's words, if the record says it.
-- column activity_type: What was done, in the service's words.
-- column target_type: What kind of thing it was done to, in the service's words.
-- column target_id: What it was done to, by the service's identifier.
-- column is_id_per_type: Whether things of two kinds may have one identifier.
-- column person_id: The target's identifier, where it may be a person.
-- column target_name: The target's name, if the record says it.
-- column target_in_text: The only name in the event's text that can be the target's, where the record says none.
-- column ip_address: Where it came from, if the record says so.
-- column summary: The event in the service's own words.
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.
-- column ocsf_class_uid: Event class of OCSF 1.8, by the table ocsf; 0 where the action is unknown.
-- column ocsf_category_uid: Category of that class.
-- column ocsf_activity_id: Activity of that class; 0 is unknown, 99 is one the class has no number for.

-- Types are compared by `=`, so that who asks for one action reads the other columns of its rows alone: a comparison
-- that takes null for null is no filter of what is read. The few events without a type are looked at apart. A text is
-- made only where it makes a difference.
select
    recorded.source,
    recorded.service,
    recorded.stream,
    recorded.event_id,
    recorded.parent_event_id,
    recorded.version_history_id,
    recorded.load,
    recorded.occurred_at,
    recorded.actor_id,
    recorded.actor_name,
    recorded.actor_in_text,
    recorded.actor_email,
    recorded.actor_type,
    recorded.activity_type,
    recorded.target_type,
    recorded.target_id,
    recorded.is_id_per_type,
    recorded.person_id,
    recorded.target_name,
    recorded.target_in_text,
    recorded.ip_address,
    recorded.summary,
    coalesce(meaning.action, 'unknown') as action,
    coalesce(meaning.ocsf_class_uid, 0) as ocsf_class_uid,
    coalesce(meaning.ocsf_category_uid, 0) as ocsf_category_uid,
    coalesce(meaning.ocsf_activity_id, 0) as ocsf_activity_id
from recorded_events as recorded
left join telling_types as telling
    on
        recorded.source = telling.source
        and recorded.activity_type = telling.activity_type
left join event_meanings as meaning
    on
        recorded.source = meaning.source
        and recorded.activity_type = meaning.activity_type
        and recorded.target_type is not distinct from meaning.resource_type
        and case
            when telling.activity_type is not null then null
            when recorded.service = 'zendesk'
                then regexp_extract(
                    lower(left(recorded.text, 100)),
                    '^[\W_]*('
                    || '((un)?successful|failed)[\W_]+sign[\W_]+in[a-z0-9]*|failed[\W_]+login[a-z0-9]*'
                    || '|sign[\W_]+in[\W_]+failed[a-z0-9]*|sign[\W_]+out[a-z0-9]*|signed[\W_]+(in|out)'
                    || '|(custom[\W_]+)?role[\W_]+changed|role[\W_]+(change|downgraded)'
                    || '|(account[\W_]+)?owner[\W_]+changed'
                    || '|suspended[\W_]+(changed[\W_]+from[\W_]+(true|yes)|no|false)'
                    || '|((user[\W_]+)?(un)?|agent[\W_]+)suspended'
                    || '|exported|downloaded|(un)?installed|redacted|permanently[\W_]+deleted|(re|de)?activated'
                    || '|automatically[\W_]+finished[\W_]+([a-z0-9]+[\W_]+){1,3}deletion'
                    || ')([\W_]|$)',
                    1
                )
            when recorded.text is not null then left(recorded.text, 60)
            else
                left(
                    array_to_string(
                        [block.value for block in recorded.event_blocks if block.style is distinct from 'bold'], ' '
                    ),
                    60
                )
        end is not distinct from meaning.wording
where recorded.activity_type is not null
union all
select
    recorded.source,
    recorded.service,
    recorded.stream,
    recorded.event_id,
    recorded.parent_event_id,
    recorded.version_history_id,
    recorded.load,
    recorded.occurred_at,
    recorded.actor_id,
    recorded.actor_name,
    recorded.actor_in_text,
    recorded.actor_email,
    recorded.actor_type,
    recorded.activity_type,
    recorded.target_type,
    recorded.target_id,
    recorded.is_id_per_type,
    recorded.person_id,
    recorded.target_name,
    recorded.target_in_text,
    recorded.ip_address,
    recorded.summary,
    coalesce(meaning.action, 'unknown') as action,
    coalesce(meaning.ocsf_class_uid, 0) as ocsf_class_uid,
    coalesce(meaning.ocsf_category_uid, 0) as ocsf_category_uid,
    coalesce(meaning.ocsf_activity_id, 0) as ocsf_activity_id
from recorded_events as recorded
left join event_meanings as meaning
    on
        recorded.source = meaning.source
        and meaning.activity_type is null
        and recorded.target_type is not distinct from meaning.resource_type
        and case
            when recorded.service = 'zendesk'
                then regexp_extract(
                    lower(left(recorded.text, 100)),
                    '^[\W_]*('
                    || '((un)?successful|failed)[\W_]+sign[\W_]+in[a-z0-9]*|failed[\W_]+login[a-z0-9]*'
                    || '|sign[\W_]+in[\W_]+failed[a-z0-9]*|sign[\W_]+out[a-z0-9]*|signed[\W_]+(in|out)'
                    || '|(custom[\W_]+)?role[\W_]+changed|role[\W_]+(change|downgraded)'
                    || '|(account[\W_]+)?owner[\W_]+changed'
                    || '|suspended[\W_]+(changed[\W_]+from[\W_]+(true|yes)|no|false)'
                    || '|((user[\W_]+)?(un)?|agent[\W_]+)suspended'
                    || '|exported|downloaded|(un)?installed|redacted|permanently[\W_]+deleted|(re|de)?activated'
                    || '|automatically[\W_]+finished[\W_]+([a-z0-9]+[\W_]+){1,3}deletion'
                    || ')([\W_]|$)',
                    1
                )
            when recorded.text is not null then left(recorded.text, 60)
            else
                left(
                    array_to_string(
                        [block.value for block in recorded.event_blocks if block.style is distinct from 'bold'], ' '
                    ),
                    60
                )
        end is not distinct from meaning.wording
where recorded.activity_type is null
