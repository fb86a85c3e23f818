-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- top: 4

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, performer_email, resource_id
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'document_created', 'p1', 'USER', 'Ada', 'ada@acme.example', 'd1'),
-- the evening before in the zone, so the same day there
('acme', 'audit_logs', 1, 'b', '2026-06-01 03:00:00', 'document_updated', 'p1', 'USER', 'Ada', null, 'd1'),
('acme', 'audit_logs', 1, 'c', '2026-06-03 12:00:00', 'document_updated', 'p1', 'USER', 'Ada Byron', null, 'd2'),
('acme', 'audit_logs', 1, 'd', '2026-06-03 12:00:00', 'document_updated', null, null, null, null, null),
('acme', 'audit_logs', 1, 'e', '2026-06-04 12:00:00', 'document_updated', null, 'SYSTEM', null, null, null),
('acme', 'audit_logs', 1, 'f', '2026-06-04 12:00:00', 'monitor_ran', 'p2', 'MONITOR', null, null, 'm1'),
('acme', 'audit_logs', 1, 'g', '2026-06-04 12:00:00', 'monitor_ran', 'p3', 'MONITOR', null, null, 'm1'),
-- the end of the period, and before it
('acme', 'audit_logs', 1, 'h0', '2026-05-31 23:59:59', 'monitor_ran', 'p1', 'USER', null, null, 'm1'),
('acme', 'audit_logs', 1, 'h', '2026-07-01 00:00:00', 'monitor_ran', 'p3', 'MONITOR', null, null, 'm1'),
('other', 'audit_logs', 2, 'a', '2026-06-04 12:00:00', 'monitor_ran', 'p3', 'MONITOR', null, null, 'm1');

insert into zendesk_audit_logs (source, stream, load, id, created_at, action, actor_id, actor_name, source_id, source_type)
values
('acme', 'audit_logs', 2, 1, '2026-06-04 12:00:00', 'update', -1, 'Zendesk', 1, 'account'),
('acme', 'audit_logs', 2, 2, '2026-06-04 12:00:00', 'destroy', -1, 'Zendesk', 5, 'ticket'),
('acme', 'audit_logs', 2, 3, '2026-06-05 12:00:00', 'login', 7, 'Priya', 7, 'user'),
('other', 'audit_logs', 2, 4, '2026-06-05 12:00:00', 'login', 7, 'Priya', 7, 'user');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
