-- title: Classification changes
-- question: Which resources were verified, published or archived, or the reverse?
-- grain: one row per version and property that it turned on or off
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: property_changes_between
-- notes: Read from versions; the time is that of the version.

with turned as (
    select
        changed.*,
        coalesce(json_extract_string(changed.old_value, '$') = 'true', false) as was_so,
        coalesce(json_extract_string(changed.new_value, '$') = 'true', false) as is_so
    from property_changes_between(since, until, source) as changed
    where changed.property in ('verified', 'published', 'archived')
)

select
    turned.changed_at as occurred_at,
    turned.source,
    case
        when turned.is_so then turned.property
        when turned.property = 'archived' then 'restored'
        else 'un' || turned.property
    end as change,
    turned.resource_id,
    turned.resource_name,
    turned.entity_type,
    turned.actor_id,
    turned.actor_name,
    turned.version_history_id
from turned
where turned.was_so != turned.is_so
order by turned.changed_at, turned.source, turned.version_history_id, turned.property
