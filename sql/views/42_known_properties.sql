-- name: known_properties
-- doc: One row per version: what it knows of its resource, by its snapshot, else by what it changed; null is unknown.
-- column source: The configured account the version came from.
-- column version_history_id: The version; `id` in version_histories.
-- column resource_id: What it is a version of.
-- column entity_type: What kind of entity that is, in the service's words: table, column …
-- column title: The title.
-- column published: Whether it is published.
-- column verified: Whether it is verified.
-- column archived: Whether it is archived.
-- column pii: Whether it is marked as PII.
-- column owners: Its owners.
-- column owners_groups: The groups that own it.
-- column collections: The collections it is in.
-- column tags: Its tags.
-- column teams: Its teams.
-- column previous: What the version changed, as it was.
-- column current: What the version changed, as it became.
-- column changed_at: When the version was made (UTC).
-- column load: The load that stored the version: the sequence of its ledger entry.

select
    version.source,
    version.id as version_history_id,
    version.resource_id,
    version.secoda_entity_type as entity_type,
    coalesce(version.snapshot_title, json_extract_string(version.current, '$.title')) as title,
    coalesce(
        version.snapshot_published, try_cast(json_extract_string(version.current, '$.published') as boolean)
    ) as published,
    coalesce(
        version.snapshot_verified, try_cast(json_extract_string(version.current, '$.verified') as boolean)
    ) as verified,
    coalesce(
        version.snapshot_archived, try_cast(json_extract_string(version.current, '$.archived') as boolean)
    ) as archived,
    coalesce(
        version.snapshot_pii, try_cast(json_extract_string(version.current, '$.pii') as boolean)
    ) as pii,
    coalesce(
        version.snapshot_owners, try_cast(json_extract(version.current, '$.owners') as varchar[])
    ) as owners,
    coalesce(
        version.snapshot_owners_groups, try_cast(json_extract(version.current, '$.owners_groups') as varchar[])
    ) as owners_groups,
    coalesce(
        version.snapshot_collections, try_cast(json_extract(version.current, '$.collections') as varchar[])
    ) as collections,
    coalesce(
        version.snapshot_tags, try_cast(json_extract(version.current, '$.tags') as varchar[])
    ) as tags,
    coalesce(
        version.snapshot_teams, try_cast(json_extract(version.current, '$.teams') as varchar[])
    ) as teams,
    version.previous,
    version.current,
    version.created_at as changed_at,
    version.load
from version_histories as version
