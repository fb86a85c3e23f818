-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into performers (source, performer_id, performer_type, name, is_service_account, is_current) values
('acme', 's1', 'USER', 'loader', true, true),
('acme', 's1', 'USER', 'loader of before', true, false),
('acme', 'p1', 'USER', 'Ada', false, true),
('other', 'p1', 'USER', 'robot', true, true),
('other', 's1', 'USER', 'robot', true, true);

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type, metadata
) values
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'table_updated', 's1', 'USER', 'loader', 't1', 'SECODA_ENTITY', '{"ip": "203.0.113.8"}'),
-- in Toronto still the day before
('acme', 'audit_logs', 1, 'b', '2026-06-01 03:59:59', 'table_updated', 's1', 'USER', 'loader', 't2', 'SECODA_ENTITY', '{"ip": "203.0.113.7"}'),
('acme', 'audit_logs', 1, 'c', '2026-06-02 00:00:00', 'table_updated', 's1', 'USER', 'loader', 't2', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'd', '2026-06-02 00:00:00', 'table_deleted', 's1', 'USER', 'loader', 't2', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'e', '2026-06-03 00:00:00', 'tag_added', 'm1', 'AUTOMATION', 'Tag tables', 't2', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'f', '2026-06-03 00:00:00', 'tag_added', null, 'SYSTEM', null, 't2', 'SECODA_ENTITY', null),
-- none of these: a person, one whose number is a robot's elsewhere, nobody knows who, another source, the end, before the begin
('acme', 'audit_logs', 1, 'x1', '2026-06-03 00:00:00', 'table_updated', 'p1', 'USER', 'Ada', 't1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'x2', '2026-06-03 00:00:00', 'table_updated', null, 'UNKNOWN', null, 't1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'x3', '2026-06-03 00:00:00', 'table_updated', null, null, null, 't1', 'SECODA_ENTITY', null),
('other', 'audit_logs', 2, 'x4', '2026-06-03 00:00:00', 'table_updated', 's1', 'USER', 'robot', 't1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'table_updated', 's1', 'USER', 'loader', 't1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'x6', '2026-05-31 23:59:59', 'table_updated', 's1', 'USER', 'loader', 't1', 'SECODA_ENTITY', null);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
