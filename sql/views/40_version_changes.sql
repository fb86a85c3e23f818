-- name: version_changes
-- doc: One row per field that a version of a resource changed, as the version itself tells it.
-- column source: The configured account the version came from.
-- column version_history_id: The version; `id` in version_histories.
-- column resource_id: What it is a version of.
-- column entity_type: What kind of entity that is, in the service's words: table, column …
-- column field: The changed field, in the service's words.
-- column old_value: What it was, definitions and descriptions as texts; null where it had no value.
-- column new_value: What it became, definitions and descriptions as texts; null where it has no value.
-- column changed_at: When the version was made (UTC).
-- column load: The load that stored the version: the sequence of its ledger entry.

with named as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        version.created_at as changed_at,
        version.load,
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
    where
        named.field != 'definition'
        and named.field != 'description'
),

-- a JSON null and a missing field both say that there is no value
valued as (
    select
        pointed.source,
        pointed.version_history_id,
        pointed.resource_id,
        pointed.entity_type,
        pointed.field,
        nullif(json_extract(pointed.previous, pointed.pointer), cast('null' as json)) as old_value,
        nullif(json_extract(pointed.current, pointed.pointer), cast('null' as json)) as new_value,
        pointed.changed_at,
        pointed.load
    from pointed
),

-- texts, of which a difference may tell alone
worded as (
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        'definition' as field,
        coalesce(
            json_extract_string(version.previous, '$.definition'),
            json_extract_string(version.definition_diff, '$.old')
        ) as old_text,
        coalesce(
            json_extract_string(version.current, '$.definition'),
            json_extract_string(version.definition_diff, '$.new')
        ) as new_text,
        version.created_at as changed_at,
        version.load
    from version_histories as version
    union all
    select
        version.source,
        version.id as version_history_id,
        version.resource_id,
        version.secoda_entity_type as entity_type,
        'description' as field,
        coalesce(
            json_extract_string(version.previous, '$.description'),
            json_extract_string(version.description_diff, '$.old')
        ) as old_text,
        coalesce(
            json_extract_string(version.current, '$.description'),
            json_extract_string(version.description_diff, '$.new')
        ) as new_text,
        version.created_at as changed_at,
        version.load
    from version_histories as version
)

select
    valued.source,
    valued.version_history_id,
    valued.resource_id,
    valued.entity_type,
    valued.field,
    valued.old_value,
    valued.new_value,
    valued.changed_at,
    valued.load
from valued
where valued.old_value is distinct from valued.new_value
union all
select
    worded.source,
    worded.version_history_id,
    worded.resource_id,
    worded.entity_type,
    worded.field,
    to_json(worded.old_text) as old_value,
    to_json(worded.new_text) as new_value,
    worded.changed_at,
    worded.load
from worded
where worded.old_text is distinct from worded.new_text
