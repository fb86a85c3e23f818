-- name: upstream_edits
-- doc: One row per field that a service changed later on, and per record that is not at the service any more.
-- column edit: revised or vanished.
-- column source: The configured account the record came from.
-- column stream: The endpoint of the source the record came from.
-- column table_name: The table that holds the record.
-- column id: The service's identifier of the record.
-- column revision: The revision that the change made; the one before it stands in the table's superseded rows.
-- column field: The changed column, or `extra.` and a member; null where the record vanished or no column shows it.
-- column old_value: What it was, as JSON; null where it had no value.
-- column new_value: What it became, as JSON; null where it has no value.
-- column is_drift: Whether the revision only gained or lost values: the service changed its shape.
-- column occurred_at: When that which the record tells of happened (UTC).
-- column load: The load that stored the revision, or the ledger entry of the comparison.
-- column observed_at: When the change was found (UTC).

with revised as (
    select
        'activity_logs' as table_name,
        log.source,
        log.stream,
        log.id,
        log.revision,
        log.logged_at as occurred_at,
        log.load,
        log.loaded_at as observed_at,
        to_json(log) as content
    from activity_logs_revisions as log
    where exists (
        select 1
        from activity_logs_superseded as older
        where older.source = log.source and older.stream = log.stream and older.id = log.id
    )
    union all
    select
        'version_histories' as table_name,
        version.source,
        version.stream,
        version.id,
        version.revision,
        version.created_at as occurred_at,
        version.load,
        version.loaded_at as observed_at,
        to_json(version) as content
    from version_histories_revisions as version
    where exists (
        select 1
        from version_histories_superseded as older
        where older.source = version.source and older.stream = version.stream and older.id = version.id
    )
    union all
    select
        'notifications' as table_name,
        notice.source,
        notice.stream,
        notice.id,
        notice.revision,
        notice.created_at as occurred_at,
        notice.load,
        notice.loaded_at as observed_at,
        to_json(notice) as content
    from notifications_revisions as notice
    where exists (
        select 1
        from notifications_superseded as older
        where older.source = notice.source and older.stream = notice.stream and older.id = notice.id
    )
    union all
    select
        'zendesk_audit_logs' as table_name,
        entry.source,
        entry.stream,
        cast(entry.id as varchar) as id,
        entry.revision,
        entry.created_at as occurred_at,
        entry.load,
        entry.loaded_at as observed_at,
        to_json(entry) as content
    from zendesk_audit_logs_revisions as entry
    where exists (
        select 1
        from zendesk_audit_logs_superseded as older
        where older.source = entry.source and older.stream = entry.stream and older.id = entry.id
    )
),

paired as (
    select
        revised.*,
        lag(revised.content) over (
            partition by revised.table_name, revised.source, revised.stream, revised.id order by revised.revision
        ) as former
    from revised
),

edited as (
    select
        paired.*,
        row_number() over (
            order by paired.table_name, paired.source, paired.stream, paired.id, paired.revision
        ) as edit_number
    from paired
    where paired.former is not null
),

-- every column, and the members of `extra` one by one
named as (
    select
        edited.edit_number,
        edited.table_name,
        edited.former,
        edited.content,
        '' as prefix,
        '/' as place,
        unnest(json_keys(edited.content)) as name
    from edited
    union all
    select
        edited.edit_number,
        edited.table_name,
        edited.former,
        edited.content,
        'extra.' as prefix,
        '/extra/' as place,
        unnest(list_distinct(list_concat(
            coalesce(json_keys(edited.former, '/extra'), []),
            coalesce(json_keys(edited.content, '/extra'), [])
        ))) as name
    from edited
),

-- what a service renders anew for every request, and what changes by itself, says nothing of the record
volatile as (
    select
        'activity_logs' as table_name,
        unnest([
            'performer_metadata', 'performer_name', 'performer_email', 'performer_first_name', 'performer_last_name',
            'performer_display_name', 'performer_icon', 'performer_src', 'performer_integration_type',
            'performer_disabled', 'performer_is_service_account', 'performer_profile_picture',
            'resource_metadata', 'resource_name', 'resource_title', 'resource_icon', 'resource_kind',
            'resource_integration_id'
        ]) as name
    union all
    select
        'version_histories' as table_name,
        'older_than_thirty_days' as name
    union all
    select
        'zendesk_audit_logs' as table_name,
        unnest(['action_label', 'actor_name', 'source_label', 'url']) as name
),

told as (
    select named.*
    from named
    where
        named.name not in (
            'source', 'load', 'stream', 'loaded_at', 'revision', 'stable_hash', 'stable_version', 'is_latest', 'extra'
        )
        and not exists (
            select 1
            from volatile
            where volatile.table_name = named.table_name and volatile.name = named.name
        )
),

compared as (
    select
        told.edit_number,
        told.prefix || told.name as field,
        nullif(
            json_extract(told.former, told.place || replace(replace(told.name, '~', '~0'), '/', '~1')),
            cast('null' as json)
        ) as old_value,
        nullif(
            json_extract(told.content, told.place || replace(replace(told.name, '~', '~0'), '/', '~1')),
            cast('null' as json)
        ) as new_value
    from told
),

changed as (
    select
        compared.edit_number,
        compared.field,
        compared.old_value,
        compared.new_value,
        bool_and(compared.old_value is null or compared.new_value is null) over (
            partition by compared.edit_number
        ) as is_drift
    from compared
    where compared.old_value is distinct from compared.new_value
)

select
    'revised' as edit,
    edited.source,
    edited.stream,
    edited.table_name,
    edited.id,
    edited.revision,
    changed.field,
    changed.old_value,
    changed.new_value,
    coalesce(changed.is_drift, false) as is_drift,
    edited.occurred_at,
    edited.load,
    edited.observed_at
from edited
left join changed on edited.edit_number = changed.edit_number
union all
-- of each record the comparison that missed it first
select
    'vanished' as edit,
    vanished.source,
    vanished.stream,
    vanished.table_name,
    vanished.id,
    null as revision,
    null as field,
    null as old_value,
    null as new_value,
    false as is_drift,
    min(vanished.occurred_at) as occurred_at,
    min(vanished.load) as load,
    min(vanished.observed_at) as observed_at
from vanished_records as vanished
group by vanished.source, vanished.stream, vanished.table_name, vanished.id
