-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name
) values
-- asked for before the period and decided in it; what is decided first counts
('acme', 'audit_logs', 1, 'a1', '2026-05-30 12:00:00', 'access_request_created', 'p1', 'USER', 'Ada', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll'),
('acme', 'audit_logs', 1, 'a2', '2026-06-01 00:00:00', 'access_request_approved', 'p2', 'USER', 'Bob', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll'),
('acme', 'audit_logs', 1, 'a3', '2026-06-02 00:00:00', 'access_request_denied', 'p3', 'USER', 'Cy', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll'),
-- asked for again, by and of one person
('acme', 'audit_logs', 1, 'b1', '2026-06-03 12:00:00', 'access_request_created', 'p1', 'USER', 'Ada', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll'),
('acme', 'audit_logs', 1, 'b2', '2026-06-03 12:30:00', 'access_request_approved', 'p1', 'USER', 'Ada', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll'),
('acme', 'audit_logs', 1, 'c1', '2026-06-05 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'q2', 'DATA_ACCESS_REQUEST', 'Ledger'),
('acme', 'audit_logs', 1, 'c2', '2026-06-05 01:00:00', 'access_request_denied', 'p2', 'USER', 'Bob', 'q2', 'DATA_ACCESS_REQUEST', 'Ledger'),
-- open since long before, and withdrawn; the asking was not collected; decided only after the period
('acme', 'audit_logs', 1, 'd1', '2026-03-01 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'q3', 'DATA_ACCESS_REQUEST', 'Leads'),
('acme', 'audit_logs', 1, 'e1', '2026-06-06 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'q4', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'e2', '2026-06-06 00:30:00', 'access_request_deleted', 'p3', 'USER', 'Cy', 'q4', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'f2', '2026-06-07 00:00:00', 'access_request_approved', 'p2', 'USER', 'Bob', 'q5', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'g1', '2026-06-30 23:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'q6', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'g2', '2026-07-01 00:00:00', 'access_request_approved', 'p2', 'USER', 'Bob', 'q6', 'DATA_ACCESS_REQUEST', null),
-- granted; by nobody known, and deleted later by who asked
('acme', 'audit_logs', 1, 'h1', '2026-06-10 00:00:00', 'access_request_created', 'p1', 'USER', 'Ada', 'q9', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'h2', '2026-06-10 01:00:00', 'access_request_granted', 'p2', 'USER', 'Bob', 'q9', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'i1', '2026-06-11 00:00:00', 'access_request_created', 'p1', 'USER', 'Ada', 'r1', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'i2', '2026-06-11 01:00:00', 'access_request_approved', null, null, null, 'r1', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'i3', '2026-06-11 02:00:00', 'access_request_deleted', 'p1', 'USER', 'Ada', 'r1', 'DATA_ACCESS_REQUEST', null),
-- asked for by nobody known, and once more before it was decided: one round
('acme', 'audit_logs', 1, 'j1', '2026-06-12 00:00:00', 'access_request_created', null, null, null, 'r2', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'j2', '2026-06-12 01:00:00', 'access_request_created', 'p1', 'USER', 'Ada', 'r2', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'j3', '2026-06-12 02:00:00', 'access_request_approved', 'p1', 'USER', 'Ada', 'r2', 'DATA_ACCESS_REQUEST', null),
-- comments, before and after it was decided
('acme', 'audit_logs', 1, 'k1', '2026-06-13 00:00:00', 'CREATE', 'p3', 'USER', 'Cy', 'r3', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'k2', '2026-06-13 01:00:00', 'access_request_commented', 'p1', 'USER', 'Ada', 'r3', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'k3', '2026-06-13 02:00:00', 'comment_created', 'p1', 'USER', 'Ada', 'r3', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'k4', '2026-06-13 03:00:00', 'access_request_approved', 'p1', 'USER', 'Ada', 'r3', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'k5', '2026-06-13 04:00:00', 'comment_created', 'p3', 'USER', 'Cy', 'r3', 'DATA_ACCESS_REQUEST', null),
-- a comment on a request whose asking was not collected
('acme', 'audit_logs', 1, 'l1', '2026-06-14 00:00:00', 'access_request_commented', 'p2', 'USER', 'Bob', 'r4', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'l2', '2026-06-14 01:00:00', 'access_request_approved', 'p2', 'USER', 'Bob', 'r4', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'm1', '2026-06-15 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'r5', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'm2', '2026-06-15 01:00:00', 'access_request_cancelled', 'p3', 'USER', 'Cy', 'r5', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'm3', '2026-06-15 02:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'r5', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'm4', '2026-06-15 03:00:00', 'access_request_withdrawn', 'p3', 'USER', 'Cy', 'r5', 'DATA_ACCESS_REQUEST', null),
('other', 'audit_logs', 2, 'a1', '2026-06-02 12:00:00', 'access_request_created', 'p9', 'USER', 'Eve', 'q1', 'DATA_ACCESS_REQUEST', null),
-- none of these: decided before the period, another step, another thing, one without a number
('acme', 'audit_logs', 1, 'x1', '2026-05-01 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', 'q7', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'x2', '2026-05-31 23:59:59', 'access_request_approved', 'p2', 'USER', 'Bob', 'q7', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'x3', '2026-06-08 00:00:00', 'access_request_updated', 'p3', 'USER', 'Cy', 'q8', 'DATA_ACCESS_REQUEST', null),
('acme', 'audit_logs', 1, 'x4', '2026-06-08 00:00:00', 'document_created', 'p3', 'USER', 'Cy', 'd1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 'x5', '2026-06-08 00:00:00', 'access_request_created', 'p3', 'USER', 'Cy', null, 'DATA_ACCESS_REQUEST', null);

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'q1', 'DATA_ACCESS_REQUEST', '', 'Payroll', true),
('acme', 'q1', 'DATA_ACCESS_REQUEST', 'Payroll of before', null, false),
('other', 'q1', 'DATA_ACCESS_REQUEST', 'Theirs', null, true);

insert into performers (source, performer_id, name, display_name, is_current) values
('acme', 'p1', 'Ada', null, true),
('acme', 'p1', 'Ada of before', null, false),
('other', 'p1', 'Eve', null, true),
('acme', 'p2', '', 'Bob', true),
('acme', 'p2', 'Bob of before', null, false),
('other', 'p2', 'Eve', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
