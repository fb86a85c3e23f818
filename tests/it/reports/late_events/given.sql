-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (source, stream, load, loaded_at, revision, id, logged_at, created_at) values
-- what the runs of the 1st, 10th and 20th of June brought
('acme', 'audit_logs', 1, '2026-06-01 09:00:10', 1, 'f1', '2026-06-01 07:00:00', '2026-06-01 07:00:01'),
('acme', 'audit_logs', 2, '2026-06-10 09:00:10', 1, 'f3', '2026-06-05 09:00:00', '2026-06-05 09:00:01'),
('acme', 'audit_logs', 3, '2026-06-10 09:05:10', 1, 'f4', '2026-06-10 08:00:00', '2026-06-10 08:00:01'),
-- there before the run of the 1st, and not in it; the first of them at the begin of what it read, one in the second load of a run
('acme', 'audit_logs', 2, '2026-06-10 09:00:10', 1, 'e1', '2026-06-01 07:00:00', '2026-06-01 08:00:30'),
('acme', 'audit_logs', 3, '2026-06-10 09:05:10', 1, 'e2', '2026-06-01 08:30:00.5', null),
('acme', 'audit_logs', 5, '2026-06-20 09:00:10', 1, 'e3', '2026-06-02 09:00:00', '2026-06-09 09:00:00'),
-- none of these: of the very moment of that run, older than all that was read before, from a file, from the list of a resource
('acme', 'audit_logs', 2, '2026-06-10 09:00:10', 1, 'x1', '2026-06-01 09:00:00', null),
('acme', 'audit_logs', 5, '2026-06-20 09:00:10', 1, 'x2', '2026-06-01 06:00:00', null),
('acme', 'audit_logs', 4, '2026-06-15 09:00:10', 1, 'x3', '2026-06-03 09:00:00', null),
('acme', 'resource_logs', 2, '2026-06-10 09:00:10', 1, 'f6', '2026-06-01 07:00:00', null),
('acme', 'resource_logs', 5, '2026-06-20 09:00:10', 1, 'x4', '2026-06-03 09:00:00', null),
-- late, and before the period or at its end
('acme', 'audit_logs', 5, '2026-06-20 09:00:10', 1, 'x7', '2026-05-20 09:00:00', null),
('acme', 'audit_logs', 6, '2026-07-10 09:00:10', 1, 'x5', '2026-05-31 23:59:59.999999', null),
('acme', 'audit_logs', 7, '2026-07-20 09:00:10', 1, 'x6', '2026-07-01 00:00:00', null),
-- a revision of what was there before; its first row is not late
('acme', 'audit_logs', 5, '2026-06-20 09:00:10', 2, 'f2', '2026-06-01 08:59:00', '2026-06-01 08:59:01'),
('other', 'audit_logs', 1, '2026-06-01 09:00:10', 1, 'o1', '2026-05-01 09:00:00', null),
('other', 'audit_logs', 2, '2026-06-10 09:00:10', 1, 'o2', '2026-06-01 08:00:00', null);

insert into activity_logs_superseded (source, stream, load, loaded_at, revision, id, logged_at, created_at) values
('acme', 'audit_logs', 1, '2026-06-01 09:00:10', 1, 'f2', '2026-06-01 08:59:00', '2026-06-01 08:59:01');

insert into zendesk_audit_logs (source, stream, load, loaded_at, revision, id, created_at) values
('acme', 'audit_logs', 2, '2026-06-10 09:00:10', 1, 31, '2026-06-01 08:00:00'),
('acme', 'audit_logs', 5, '2026-06-20 09:00:10', 2, 32, '2026-06-01 08:00:00');

insert into zendesk_audit_logs_superseded (source, stream, load, loaded_at, revision, id, created_at) values
('acme', 'audit_logs', 1, '2026-06-01 09:00:10', 1, 32, '2026-06-01 08:00:00');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-06-01 09:00:00'),
(2, 'b', 'sync', 'acme', 'audit_logs', '2026-06-10 09:00:00'),
(2, 'b', 'sync', 'acme', 'resource_logs', '2026-06-10 09:00:00'),
(3, 'b', 'sync', 'acme', 'audit_logs', '2026-06-10 09:00:00'),
(4, 'c', 'import', 'acme', 'audit_logs', '2026-06-15 09:00:00'),
(5, 'd', 'sync', 'acme', 'audit_logs', '2026-06-20 09:00:00'),
(5, 'd', 'sync', 'acme', 'resource_logs', '2026-06-20 09:00:00'),
(6, 'e', 'sync', 'acme', 'audit_logs', '2026-07-10 09:00:00'),
(7, 'f', 'sync', 'acme', 'audit_logs', '2026-07-20 09:00:00'),
-- the same numbers elsewhere
(1, 'a', 'sync', 'other', 'audit_logs', '2026-06-01 08:30:00'),
(2, 'b', 'sync', 'other', 'audit_logs', '2026-06-10 09:00:00');
