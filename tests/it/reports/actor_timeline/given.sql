-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- actor: BOB

insert into activity_logs (
    source, stream, load, revision, id, logged_at, activity_type, performer_id, performer_type, performer_name, performer_email,
    resource_id, resource_type, resource_name, related_resource_ids, related_resource_type, event_text, version_history_id, metadata
) values
-- the same person as two performers, by e-mail, and in Zendesk
('acme', 'audit_logs', 1, 1, 'e1', '2026-06-01 00:00:00', 'document_updated', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, 'Updated', null, '{"ip": "203.0.113.7"}'),
('acme', 'audit_logs', 1, 1, 'e2', '2026-06-02 09:00:00', 'logged_in', 'p2', 'USER', null, null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'e3', '2026-06-30 23:59:59.999999', 'frobnicated', 'p1', 'USER', 'Ada', null,
    null, null, null, [], null, null, null, null),
-- none of these: others, nobody however often, before the period, its end, another source
('acme', 'audit_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'logged_in', 'p3', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x2', '2026-06-10 09:00:01', 'logged_in', 'p3', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x3', '2026-06-10 09:00:00', 'ran', null, null, null, null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x4', '2026-06-10 09:00:01', 'ran', null, null, null, null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x5', '2026-06-10 09:00:02', 'ran', null, null, null, null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x6', '2026-06-10 09:00:03', 'ran', null, null, null, null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x7', '2026-05-31 23:59:59.999999', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x8', '2026-07-01 00:00:00', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x9', '2026-06-10 09:00:00', 'logged_in', 'q1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x31', '2026-06-10 09:00:00', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x30', '2026-06-10 09:00:00', 'logged_in', 'p4', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
-- busier than the busiest, if time or source did not count
('acme', 'audit_logs', 1, 1, 'x10', '2026-05-01 09:00:00', 'logged_in', 'p3', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x11', '2026-05-01 09:00:01', 'logged_in', 'p3', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x12', '2026-05-01 09:00:02', 'logged_in', 'p3', 'USER', 'Bob', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x13', '2026-07-02 09:00:00', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x14', '2026-07-02 09:00:01', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x15', '2026-07-02 09:00:02', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x16', '2026-07-02 09:00:03', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x17', '2026-07-02 09:00:04', 'logged_in', 'p4', 'USER', 'Cy', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x18', '2026-06-02 09:00:00', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x19', '2026-06-02 09:00:01', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x20', '2026-06-02 09:00:02', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x21', '2026-06-02 09:00:03', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x22', '2026-06-02 09:00:04', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x23', '2026-06-02 09:00:05', 'logged_in', 'q2', 'USER', 'Di', null, null, null, null, [], null, null, null, null);

insert into zendesk_audit_logs (
    source, stream, load, revision, id, created_at, action, action_label, actor_id, actor_name, change_description, ip_address,
    source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, 21, '2026-06-11 09:00:00', 'exported', 'Exported', 7, 'Ada L.', 'Exported 9 tickets', '198.51.100.22',
    9, 'acme', 'ticket');

insert into performers (source, performer_id, performer_type, name, email, first_observed_at, last_observed_at, is_current) values
('acme', 'p1', 'USER', 'Ada', 'Ada@acme.example', '2026-05-01', '2026-06-01', true),
('acme', 'p2', 'USER', 'Ada Byron', 'ada@acme.example', '2026-05-01', '2026-06-02', true),
('acme', '7', 'USER', 'Ada L.', 'ada@acme.example', '2026-05-01', '2026-06-01', true),
('acme', 'p3', 'USER', 'Bob', null, '2026-05-01', '2026-06-10', true),
('acme', 'p4', 'USER', 'Cy', null, '2026-05-01', '2026-06-10', true),
('other', 'q1', 'USER', 'Ada', 'ada@acme.example', '2026-05-01', '2026-06-01', true),
('other', 'q2', 'USER', 'Di', null, '2026-05-01', '2026-06-01', true),
-- somebody who did nothing under many numbers, some of them another's elsewhere
('acme', 'p5', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('acme', 'p6', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('acme', 'p7', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('acme', 'p8', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('other', 'p1', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('other', 'p2', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
('other', '7', 'USER', 'Abe', 'aaa@acme.example', '2026-05-01', '2026-06-01', true),
-- the number of somebody else elsewhere
('other', 'p4', 'USER', 'Bob', null, '2026-05-01', '2026-06-10', true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
