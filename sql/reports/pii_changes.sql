-- title: PII changes
-- question: Which resources became, or stopped being, PII?
-- grain: one row per version that set or removed the mark of a resource
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes_between
-- severity: medium
-- notes: Read from versions; the time is that of the version. A mark removed is a finding, a mark set is not.

with marked as (
    select
        changed.*,
        coalesce(json_extract_string(changed.old_value, '$') = 'true', false) as was_so,
        coalesce(json_extract_string(changed.new_value, '$') = 'true', false) as is_so
    from property_changes_between(since, until, source) as changed
    where changed.property = 'pii'
)

select
    marked.changed_at as occurred_at,
    marked.source,
    case when marked.is_so then 'marked' else 'removed' end as change,
    marked.was_so as is_finding,
    marked.resource_id,
    marked.resource_name,
    marked.entity_type,
    marked.actor_id,
    marked.actor_name,
    marked.version_history_id
from marked
where marked.was_so != marked.is_so
order by marked.changed_at, marked.source, marked.version_history_id
