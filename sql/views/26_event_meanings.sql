-- name: event_meanings
-- doc: What events mean by how they are worded: the table wordings, without the texts that make no difference.
-- column source: The configured account of the events.
-- column activity_type: What was done, in the service's words.
-- column resource_type: What kind of thing it was done to, in the service's words.
-- column wording: The beginning of the event's text as in wordings; null for telling_types.
-- column action: What was done, in one word, by the rules of action_rules; unknown where none matches.
-- column ocsf_class_uid: Event class of OCSF 1.8; 0 where the action is unknown.
-- column ocsf_category_uid: Category of that class.
-- column ocsf_activity_id: Activity of that class; 0 is unknown, 99 is one the class has no number for.

select distinct
    wordings.source,
    wordings.activity_type,
    wordings.resource_type,
    case when telling.activity_type is null then wordings.wording end as wording,
    wordings.action,
    wordings.ocsf_class_uid,
    wordings.ocsf_category_uid,
    wordings.ocsf_activity_id
from wordings
left join telling_types as telling
    on
        wordings.source = telling.source
        and wordings.activity_type = telling.activity_type
