-- name: property_changes
-- doc: One row per property of a resource that a version changed: as the version tells it, else against the last known.
-- column source: The configured account the version came from.
-- column version_history_id: The version; `id` in version_histories.
-- column resource_id: What it is a version of.
-- column resource_name: Its name, the one observed last.
-- column entity_type: What kind of entity that is, in the service's words: table, column …
-- column property: The changed property, in the service's words: pii, verified, owners, tags …
-- column old_value: What it was; null where it had no value.
-- column new_value: What it became; null where it has no value.
-- column added: Of a list, what came to it.
-- column removed: Of a list, what went from it.
-- column changed_at: When the version was made (UTC).
-- column actor_id: Who made the version, where all activities of it that are known are of one.
-- column actor_name: The actor's name, the one observed last.
-- column load: The load that stored the version: the sequence of its ledger entry.

select
    changed.source,
    changed.version_history_id,
    changed.resource_id,
    changed.resource_name,
    changed.entity_type,
    changed.property,
    changed.old_value,
    changed.new_value,
    changed.added,
    changed.removed,
    changed.changed_at,
    changed.actor_id,
    changed.actor_name,
    changed.load
from property_changes_between('0001-01-01', '9999-12-31', null) as changed
