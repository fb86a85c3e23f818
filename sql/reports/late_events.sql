-- title: Late events
-- question: How late do events become visible?
-- grain: one row per event that an earlier run of its stream should have found, and did not
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: activity_logs_revisions, zendesk_audit_logs_revisions, loads
-- chart: bar seen_at at_most_seconds stream
-- notes: Only lists of all events by time. What a gap kept back counts as late once it is filled.

with records as (
    select
        log.source,
        log.stream,
        log.id as event_id,
        log.load,
        log.loaded_at,
        log.logged_at as occurred_at,
        log.created_at as recorded_at
    from activity_logs_revisions as log
    where
        log.revision = 1
        and log.stream = 'audit_logs'
    union all
    select
        entry.source,
        entry.stream,
        cast(entry.id as varchar) as event_id,
        entry.load,
        entry.loaded_at,
        entry.created_at as occurred_at,
        entry.created_at as recorded_at
    from zendesk_audit_logs_revisions as entry
    where entry.revision = 1
),

loaded as (
    select
        records.*,
        l.run_id,
        l.started_at
    from records
    inner join loads as l
        on
            records.source = l.source
            and records.stream = l.stream
            and records.load = l.load
    where l.kind = 'sync'
),

-- how far back each run reached
runs as (
    select
        loaded.source,
        loaded.run_id,
        min(loaded.started_at) as started_at,
        min(loaded.occurred_at) as from_at
    from loaded
    group by loaded.source, loaded.run_id
),

preceded as (
    select
        runs.source,
        runs.run_id,
        lag(runs.started_at) over (partition by runs.source order by runs.started_at) as not_yet_at,
        min(runs.from_at) over (
            partition by runs.source
            order by runs.started_at
            rows between unbounded preceding and 1 preceding
        ) as known_from_at
    from runs
)

select
    loaded.occurred_at,
    loaded.source,
    loaded.stream,
    loaded.event_id,
    loaded.recorded_at,
    preceded.not_yet_at,
    loaded.loaded_at as seen_at,
    cast(
        floor(date_diff('millisecond', loaded.occurred_at, preceded.not_yet_at) / 1000.0) as bigint
    ) as at_least_seconds,
    cast(ceil(date_diff('millisecond', loaded.occurred_at, loaded.loaded_at) / 1000.0) as bigint) as at_most_seconds,
    loaded.load
from loaded
inner join preceded
    on
        loaded.source = preceded.source
        and loaded.run_id = preceded.run_id
where
    loaded.occurred_at < preceded.not_yet_at
    and loaded.occurred_at >= preceded.known_from_at
    and loaded.occurred_at >= coalesce(
        cast(since as timestamp),
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
    )
    and loaded.occurred_at < coalesce(cast(until as timestamp), make_timestamp(epoch_us(now())))
    and (cast(source as varchar) is null or loaded.source = cast(source as varchar))
order by loaded.occurred_at, loaded.source, loaded.event_id
