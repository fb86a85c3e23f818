-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, resource_id, resource_type,
    resource_name
) values
-- nobody of this source is in the list: whoever administers it is taken for privileged, and all they do is shown
('acme', 'audit_logs', 1, 'a', '2026-06-01 00:00:00', 'user_disabled', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Bob'),
('acme', 'audit_logs', 1, 'b', '2026-06-02 00:00:00', 'document_updated', 'p1', 'USER', 'Ada', 'd1', 'SECODA_ENTITY', 'Plan'),
('acme', 'audit_logs', 1, 'c', '2026-06-03 00:00:00', 'rule_updated', 'p1', 'USER', 'Ada', 'r1', 'IAM_RESOURCE_POLICY', 'Rule'),
('acme', 'audit_logs', 1, 'd', '2026-06-04 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', 'p1', 'USER', 'Ada'),
-- of this one there is: their acts, whatever these are, and nobody's else
('other', 'audit_logs', 2, 'a', '2026-06-01 00:00:00', 'document_updated', 'p1', 'USER', 'Eve', 'd1', 'SECODA_ENTITY', 'Plan'),
('other', 'audit_logs', 2, 'y1', '2026-06-05 00:00:00', 'user_disabled', 'p2', 'USER', 'Bob', 'u2', 'USER', 'Cy'),
-- none of these: who administers nothing, whose number is privileged elsewhere, a machine, nobody, the end of the period, before it
('acme', 'audit_logs', 1, 'x1', '2026-06-05 00:00:00', 'document_updated', 'p3', 'USER', 'Cy', 'd1', 'SECODA_ENTITY', 'Plan'),
('acme', 'audit_logs', 1, 'x2', '2026-06-05 00:00:00', 'document_updated', 'p9', 'USER', 'Gus', 'd1', 'SECODA_ENTITY', 'Plan'),
('acme', 'audit_logs', 1, 'x3', '2026-06-05 00:00:00', 'user_disabled', 'm1', 'AUTOMATION', 'Leavers', 'u2', 'USER', 'Cy'),
('acme', 'audit_logs', 1, 'x4', '2026-06-05 00:00:00', 'user_disabled', null, 'USER', null, 'u2', 'USER', 'Cy'),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'user_disabled', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Cy'),
('acme', 'audit_logs', 1, 'x6', '2026-05-31 23:59:59', 'user_disabled', 'p1', 'USER', 'Ada', 'u2', 'USER', 'Cy'),
('acme', 'audit_logs', 1, 'x7', '2026-05-31 23:59:59', 'user_disabled', 'p4', 'USER', 'Di', 'u2', 'USER', 'Cy');

insert into performers (source, performer_id, performer_type, name, email, is_current) values
('acme', 'p1', 'USER', 'Ada', 'ada@acme.example', true),
('acme', 'p3', 'USER', 'Cy', 'cy@acme.example', true),
('other', 'p1', 'USER', 'Eve', 'eve@acme.example', true),
('other', 'p9', 'USER', 'Root', 'root@acme.example', true);

insert into ref.people (email, name, privileged) values
('eve@acme.example', 'Eve', true), ('root@acme.example', 'Root', true), ('cy@acme.example', 'Cy', false);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
