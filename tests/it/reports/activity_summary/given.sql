-- since: 2026-05-01T04:00:00Z
-- until: 2026-06-01T04:00:10Z
-- source: acme

insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, resource_id, resource_type)
values
('acme', 'audit_logs', 1, 'a', '2026-05-01 04:00:00', 'document_created', 'p1', 'd1', 'SECODA_ENTITY'),
('acme', 'audit_logs', 1, 'b', '2026-05-31 12:00:00', 'document_created', 'p2', 'd1', 'SECODA_ENTITY'),
-- one instant before midnight in the zone, in UTC already June
('acme', 'audit_logs', 1, 'c', '2026-06-01 03:59:59', 'document_created', 'p2', 'd2', 'SECODA_ENTITY'),
('acme', 'audit_logs', 1, 'd', '2026-06-01 04:00:00', 'document_created', 'p2', 'd2', 'SECODA_ENTITY'),
('acme', 'audit_logs', 1, 'e', '2026-05-02 00:00:00', 'resources_deleted', null, null, null),
('acme', 'audit_logs', 1, 'f', '2026-05-02 00:00:00', null, null, null, null),
('acme', 'audit_logs', 1, 'g', '2026-06-01 04:00:10', 'document_created', 'p2', 'd2', 'SECODA_ENTITY'),
('acme', 'audit_logs', 1, 'h', '2026-05-01 03:59:59', 'document_created', 'p2', 'd2', 'SECODA_ENTITY'),
('other', 'audit_logs', 2, 'a', '2026-05-02 00:00:00', 'document_created', 'p2', 'd2', 'SECODA_ENTITY');

insert into zendesk_audit_logs (source, stream, load, id, created_at, action, actor_id, change_description, source_id, source_type)
values
('acme', 'audit_logs', 2, 1, '2026-05-10 12:00:00', 'login', 7, 'Successful sign-in using JWT', 7, 'user'),
('acme', 'audit_logs', 2, 2, '2026-05-11 12:00:00', 'login', 7, 'Failed sign-in using JWT', 7, 'user'),
('acme', 'audit_logs', 2, 3, '2026-05-12 12:00:00', 'login', 7, null, 7, 'user'),
('acme', 'audit_logs', 2, 4, '2026-05-12 12:00:00', 'destroy', -1, 'Ticket #4 deleted', 4, 'ticket'),
('other', 'audit_logs', 2, 4, '2026-05-12 12:00:00', 'destroy', -1, 'Ticket #4 deleted', 4, 'ticket');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
