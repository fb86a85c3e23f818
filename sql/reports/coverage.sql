-- title: Coverage
-- question: For which time is the record complete, and where are the gaps?
-- grain: one row per source, stream and interval of one state, cut to the period
-- params: since timestamp = null, until timestamp = null, source text = null
-- reads: coverage, coverage_gaps, loads
-- notes: Times are of the key a stream is listed by, not of events. What a filter lets through is no whole stream.

with p as (
    select
        coalesce(
            cast(since as timestamp),
            coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) - interval 90 days
        ) as since,
        coalesce(cast(until as timestamp), make_timestamp(epoch_us(now()))) as until,
        cast(source as varchar) as source
),

intervals as (
    select
        c.source,
        c.stream,
        c.state,
        c.from_at,
        c.to_at,
        cast(null as varchar) as reason,
        c.collected_at
    from coverage as c
    union all
    select
        g.source,
        g.stream,
        'gap' as state,
        g.gap_from as from_at,
        g.gap_to as to_at,
        g.reason,
        cast(null as timestamp) as collected_at
    from coverage_gaps as g
),

streams as (
    select
        intervals.source,
        intervals.stream
    from intervals
    union
    select
        l.source,
        l.stream
    from loads as l
    where
        l.source is not null
        and l.stream is not null
),

borders as (
    select
        intervals.source,
        intervals.stream,
        intervals.from_at,
        intervals.to_at
    from intervals
    union all
    select
        streams.source,
        streams.stream,
        greatest(p.since, cast('2000-01-01' as timestamp)) as from_at,
        greatest(p.since, cast('2000-01-01' as timestamp)) as to_at
    from streams
    cross join p
    union all
    select
        streams.source,
        streams.stream,
        p.until as from_at,
        p.until as to_at
    from streams
    cross join p
),

rests as (
    select
        borders.source,
        borders.stream,
        coalesce(
            max(borders.to_at) over (
                partition by borders.source, borders.stream
                order by borders.from_at, borders.to_at
                rows between unbounded preceding and 1 preceding
            ),
            borders.from_at
        ) as from_at,
        borders.from_at as to_at
    from borders
),

known as (
    select
        intervals.source,
        intervals.stream,
        intervals.state,
        intervals.from_at,
        intervals.to_at,
        intervals.reason,
        intervals.collected_at
    from intervals
    union all
    select
        rests.source,
        rests.stream,
        'not_yet_collected' as state,
        rests.from_at,
        rests.to_at,
        cast(null as varchar) as reason,
        cast(null as timestamp) as collected_at
    from rests
)

select
    known.source,
    known.stream,
    greatest(known.from_at, p.since) as from_at,
    least(known.to_at, p.until) as to_at,
    known.state,
    known.state in ('final', 'provisional', 'asserted') and strpos(known.stream, '?') = 0 as is_collected,
    case
        when known.state in ('final', 'provisional', 'asserted') and strpos(known.stream, '?') > 0
            then
                'only what the filter ' || substr(known.stream, strpos(known.stream, '?') + 1)
                || ' lets through is collected'
        else known.reason
    end as reason,
    known.collected_at
from known
cross join p
where
    greatest(known.from_at, p.since) < least(known.to_at, p.until)
    and (p.source is null or known.source = p.source)
order by known.source, known.stream, greatest(known.from_at, p.since), known.state
