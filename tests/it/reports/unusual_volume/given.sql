-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- factor: 5
-- least: 6

-- Ada: one act on most days, before the period too; six on the 10th, five on the 11th
insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type
)
select
    'acme', 'audit_logs', 1, 'a' || day || '-' || number,
    timestamp '2026-05-05 12:00:00' + to_days(cast(day as integer)) + to_minutes(cast(number as integer)),
    if(number < 3, 'table_viewed', 'data_exported'), 'p1', 'USER', 'Ada', 't' || (number % 2), 'SECODA_ENTITY'
from range(0, 45) as days (day)
cross join range(0, case days.day when 36 then 6 when 37 then 5 else 1 end) as numbers (number);

insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name)
select
    batch.source, 'audit_logs', 1, batch.prefix || number, batch.begins + to_minutes(cast(number as integer)), 'table_viewed', batch.actor,
    'USER', batch.actor
from (
    values
    -- somebody of the same number elsewhere, who is always busy
    ('other', 'b', timestamp '2026-06-10 12:00:00', 'p1', 6), ('other', 'c', timestamp '2026-06-11 12:00:00', 'p1', 50),
    ('other', 'c2', timestamp '2026-06-12 12:00:00', 'p1', 5),
    -- two days, one of which is quiet; the evening on which the period begins, and by the clocks of Toronto the day before
    ('acme', 'i1', timestamp '2026-06-02 12:00:00', 'p5', 1), ('acme', 'i2', timestamp '2026-06-10 12:00:00', 'p5', 50),
    ('acme', 'j1', timestamp '2026-05-20 12:00:00', 'p6', 1), ('acme', 'j2', timestamp '2026-05-31 23:00:00', 'p6', 1),
    ('acme', 'j3', timestamp '2026-06-01 00:00:00', 'p6', 50),
    -- none of these: who is active on one day only, nobody, before the period, long before it, after it
    ('acme', 'd', timestamp '2026-06-10 12:00:00', 'p2', 9),
    ('acme', 'e0', timestamp '2026-06-08 12:00:00', null, 1), ('acme', 'e1', timestamp '2026-06-09 12:00:00', null, 1),
    ('acme', 'e', timestamp '2026-06-10 12:00:00', null, 9),
    ('acme', 'f', timestamp '2026-05-20 13:00:00', 'p1', 20),
    ('acme', 'g1', timestamp '2026-04-10 12:00:00', 'p3', 1), ('acme', 'g2', timestamp '2026-04-11 12:00:00', 'p3', 1),
    ('acme', 'g3', timestamp '2026-06-10 12:00:00', 'p3', 6),
    ('acme', 'h1', timestamp '2026-06-10 12:00:00', 'p4', 6), ('acme', 'h2', timestamp '2026-07-02 12:00:00', 'p4', 1),
    ('acme', 'h3', timestamp '2026-07-03 12:00:00', 'p4', 1)
) as batch (source, prefix, begins, actor, times)
cross join range(0, batch.times) as numbers (number);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
