-- title: Documentation changes
-- question: Which descriptions changed, and what were they before and after?
-- grain: one row per version that changed the description of a resource
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes_between
-- notes: Read from versions; the time is that of the version. What was nothing and became an empty text is no change.

with worded as (
    select
        changed.*,
        coalesce(json_extract_string(changed.old_value, '$'), '') as old_text,
        coalesce(json_extract_string(changed.new_value, '$'), '') as new_text
    from property_changes_between(since, until, source) as changed
    where changed.property = 'description'
)

select
    worded.changed_at as occurred_at,
    worded.source,
    case when worded.old_text = '' then 'written' when worded.new_text = '' then 'removed' else 'changed' end as change,
    worded.resource_id,
    worded.resource_name,
    worded.entity_type,
    nullif(worded.old_text, '') as old_description,
    nullif(worded.new_text, '') as new_description,
    worded.actor_id,
    worded.actor_name,
    worded.version_history_id
from worded
where worded.old_text != worded.new_text
order by worded.changed_at, worded.source, worded.version_history_id
