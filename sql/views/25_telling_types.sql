-- name: telling_types
-- doc: Activity types that tell alone what was done: of one kind of thing, whatever the text says, it means the same.
-- column source: The configured account of the events.
-- column activity_type: What was done, in the service's words.

select
    told.source,
    told.activity_type
from (
    select
        known.source,
        known.activity_type,
        known.resource_type,
        count(*) as meanings
    from (
        select distinct
            wordings.source,
            wordings.activity_type,
            wordings.resource_type,
            wordings.action,
            wordings.ocsf_class_uid,
            wordings.ocsf_category_uid,
            wordings.ocsf_activity_id
        from wordings
        where wordings.activity_type is not null
    ) as known
    group by known.source, known.activity_type, known.resource_type
) as told
group by told.source, told.activity_type
having max(told.meanings) = 1
