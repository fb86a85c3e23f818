-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs_superseded (source, stream, load, loaded_at, revision, id, logged_at, event_text, activity_type, performer_name)
values
('acme', 'audit_logs', 1, '2026-05-01 09:00:00', 1, 'a', '2026-04-01 09:00:00', 'Deleted 40 resources', 'deleted', 'Ada'),
('acme', 'audit_logs', 2, '2026-06-01 00:00:00', 2, 'a', '2026-04-01 09:00:00', 'Deleted 4 resources', 'deleted', 'Ada B.'),
('acme', 'audit_logs', 1, '2026-05-01 09:00:00', 1, 'b', '2026-04-02 09:00:00', null, 'viewed', null),
('acme', 'audit_logs', 1, '2026-05-01 09:00:00', 1, 'c', '2026-04-03 09:00:00', null, 'viewed', 'Ada'),
('acme', 'audit_logs', 1, '2026-05-01 09:00:00', 1, 'x2', '2026-04-03 09:00:00', 'before', 'viewed', null),
('acme', 'audit_logs', 1, '2026-05-01 09:00:00', 1, 'x3', '2026-04-03 09:00:00', 'before', 'viewed', null),
('other', 'audit_logs', 9, '2026-05-01 09:00:00', 1, 'a', '2026-04-01 09:00:00', 'before', 'viewed', null);

insert into activity_logs (source, stream, load, loaded_at, revision, id, logged_at, event_text, activity_type, performer_name) values
-- edited twice, the second time in two fields
('acme', 'audit_logs', 3, '2026-06-12 09:00:00', 3, 'a', '2026-04-01 09:00:00', 'Updated 4 resources', 'updated', 'Ada B.'),
-- only gained a value
('acme', 'audit_logs', 3, '2026-06-12 09:00:00', 2, 'b', '2026-04-02 09:00:00', 'Viewed', 'viewed', null),
-- changed where no column shows it: a name as it is now is none
('acme', 'audit_logs', 3, '2026-06-12 09:00:00', 2, 'c', '2026-04-03 09:00:00', null, 'viewed', 'Ada B.'),
-- none of these: found before the period, found at its end, never changed, another source
('acme', 'audit_logs', 2, '2026-05-31 23:59:59.999999', 2, 'x2', '2026-04-03 09:00:00', 'after', 'viewed', null),
('acme', 'audit_logs', 4, '2026-07-01 00:00:00', 2, 'x3', '2026-04-03 09:00:00', 'after', 'viewed', null),
('acme', 'audit_logs', 3, '2026-06-12 09:00:00', 1, 'x4', '2026-06-12 08:00:00', 'once', 'viewed', null),
('other', 'audit_logs', 10, '2026-06-12 09:00:00', 2, 'a', '2026-04-01 09:00:00', 'after', 'viewed', null);

insert into vanished_records (source, stream, table_name, id, occurred_at, load, observed_at) values
('acme', 'audit_logs', 'activity_logs', 'gone', '2026-04-05 09:00:00', 5, '2026-06-30 23:59:59.999999'),
('acme', 'audit_logs', 'activity_logs', 'gone', '2026-04-05 09:00:00', 6, '2026-07-02 09:00:00'),
('acme', 'audit_logs', 'activity_logs', 'later', '2026-04-06 09:00:00', 6, '2026-07-02 09:00:00');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
