-- name: version_changes
-- doc: One row per field that a version of a resource changed, as the version itself tells it.
-- column source: The configured account the version came from.
-- column version_history_id: The version; `id` in version_histories.
-- column resource_id: What it is a version of.
-- column field: The changed field, in the service's words.
-- column old_value: What it was; null where it had no value.
-- column new_value: What it became; null where it has no value.
-- column changed_at: When the version was made (UTC).

with named as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.created_at as changed_at,
        version.previous,
        version.current,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(version.previous), []),
            coalesce(json_keys(version.current), [])
        ))) as field
    from version_histories as version
),

-- a JSON pointer, in which every name can stand
pointed as (
    select
        named.*,
        '/' || replace(replace(named.field, '~', '~0'), '/', '~1') as pointer
    from named
),

-- a JSON null and a missing field both say that there is no value
valued as (
    select
        pointed.source,
        pointed.version_history_id,
        pointed.resource_id,
        pointed.field,
        nullif(json_extract(pointed.previous, pointed.pointer), cast('null' as json)) as old_value,
        nullif(json_extract(pointed.current, pointed.pointer), cast('null' as json)) as new_value,
        pointed.changed_at
    from pointed
)

select
    valued.source,
    valued.version_history_id,
    valued.resource_id,
    valued.field,
    valued.old_value,
    valued.new_value,
    valued.changed_at
from valued
where valued.old_value is distinct from valued.new_value
