-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, revision, id, logged_at, activity_type, performer_id, resource_id, resource_type, event_text
) values
('acme', 'audit_logs', 1, 1, 'e1', '2026-06-01 00:00:00', 'frobnicated', 'p1', 'd1', 'SECODA_ENTITY', 'Frobnicated Plan'),
('acme', 'audit_logs', 1, 1, 'e2', '2026-06-02 09:00:00', 'frobnicated', 'p1', 'd2', 'SECODA_ENTITY', 'Frobnicated Plan B'),
('acme', 'audit_logs', 1, 1, 'e3', '2026-06-30 23:59:59.999999', 'frobnicated', 'p2', 'd2', 'SECODA_ENTITY', 'Frobnicated Plan C'),
('acme', 'audit_logs', 1, 1, 'e4', '2026-06-03 09:00:00', 'frobnicated', 'p1', 't1', 'TEAM', null),
('acme', 'audit_logs', 1, 1, 'e5', '2026-06-04 09:00:00', null, null, null, null, null),
-- one number in two streams
('acme', 'resource_logs', 1, 1, 'e6', '2026-06-04 09:00:00', 'beamed', null, 'd1', 'SECODA_ENTITY', null),
-- none of these: a rule knows the word, before the period, its end, another source
('acme', 'audit_logs', 1, 1, 'e6', '2026-06-10 09:00:00', 'frobnicator_deleted', 'p1', 'd1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 1, 'x2', '2026-05-31 23:59:59.999999', 'frobnicated', 'p1', 'd1', 'SECODA_ENTITY', null),
('acme', 'audit_logs', 1, 1, 'x3', '2026-07-01 00:00:00', 'frobnicated', 'p1', 'd1', 'SECODA_ENTITY', null),
('other', 'audit_logs', 2, 1, 'e1', '2026-06-10 09:00:00', 'transmogrified', 'p1', 'd1', 'SECODA_ENTITY', null);

insert into zendesk_audit_logs (source, stream, load, revision, id, created_at, action, actor_id, change_description, source_type) values
('desk', 'audit_logs', 1, 1, 9007199254740993, '2026-06-05 09:00:00', 'merged_v2', 7, 'Merged', 'custom_object/record'),
('acme', 'audit_logs', 1, 1, 9007199254740993, '2026-06-05 09:00:00', 'beamed_up', 7, 'Up', 'ticket');

insert into notifications (source, stream, load, revision, id, created_at, event, short_summary, sender_id) values
('acme', 'notifications', 1, 1, 'n1', '2026-06-06 09:00:00', 'hologram', 'Shown', 'p1'),
('acme', 'notifications.other', 1, 1, 'n1', '2026-05-06 09:00:00', 'older', 'Shown', 'p1'),
('other', 'notifications', 2, 1, 'n1', '2026-06-06 09:00:00', 'foreign', 'Shown', 'p1'),
('acme', 'notifications', 1, 1, 'n2', '2026-06-07 09:00:00', 'commented', 'Commented', 'p1');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
