-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, id, logged_at, activity_type, performer_id, performer_type, performer_name, event_text, metadata
) values
-- what was known; of one number with what follows
('acme', 'audit_logs', 1, 'b', '2025-01-01 00:00:00', 'user_logged_out', 'p1', 'USER', 'Ada', 'Logged out', '{"ip": "198.51.100.1"}'),
('acme', 'audit_logs', 1, 'a0', '2025-01-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null, '{"ip": "198.51.100.1"}'),
('acme', 'audit_logs', 1, 'a1', '2025-01-02 00:00:00', 'user_logged_in', 'p2', 'USER', 'Bob', null, '{"ip": "198.51.100.2"}'),
('acme', 'audit_logs', 1, 'a2', '2026-05-31 23:59:59', 'user_logged_in', 'p1', 'USER', 'Ada', null, '{"ip": "198.51.100.3"}'),
-- new for Ada, and known of Bob; seen again, then with another
('acme', 'audit_logs', 1, 'b', '2026-06-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', 'Logged in', '{"ip": "198.51.100.2"}'),
('acme', 'audit_logs', 1, 'c', '2026-06-01 10:00:00', 'data_exported', 'p1', 'USER', 'Ada', 'Exported', '{"ip": "198.51.100.2"}'),
('acme', 'audit_logs', 1, 'd', '2026-06-02 00:00:00', 'data_exported', 'p1', 'USER', 'Ada', 'Exported', '{"ip": "203.0.113.1"}'),
-- a new actor from where nobody came from
('acme', 'audit_logs', 1, 'e', '2026-06-03 00:00:00', 'api_key_used', 'k1', 'API', 'ci', 'Read', '{"ip": "203.0.113.2"}'),
-- the first actor of another source, and the second
('other', 'audit_logs', 2, 'b', '2026-06-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Eve', 'Theirs', '{"ip": "203.0.113.1"}'),
('other', 'audit_logs', 2, 'd', '2026-06-01 10:00:00', 'user_logged_in', 'p1', 'USER', 'Eve', 'Theirs', '{"ip": "203.0.113.9"}'),
-- none of these: known for them, a new actor from a known address, nobody, no address, the end of the period
('acme', 'audit_logs', 1, 'x1', '2026-06-04 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null, '{"ip": "198.51.100.3"}'),
('acme', 'audit_logs', 1, 'x2', '2026-06-04 00:00:00', 'user_logged_in', 'p3', 'USER', 'Cy', null, '{"ip": "198.51.100.1"}'),
('acme', 'audit_logs', 1, 'x3', '2026-06-04 00:00:00', 'login_failed', null, null, null, null, '{"ip": "203.0.113.3"}'),
('acme', 'audit_logs', 1, 'x4', '2026-06-04 00:00:00', 'user_logged_in', 'p2', 'USER', 'Bob', null, null),
('acme', 'audit_logs', 1, 'x5', '2026-07-01 00:00:00', 'user_logged_in', 'p1', 'USER', 'Ada', null, '{"ip": "203.0.113.4"}');

-- told by a notification alone: of a time that the audit logs do not cover, and of one that they do
insert into coverage (source, stream, from_at, to_at, state) values ('acme', 'audit_logs', '2026-06-06', '2026-07-01', 'final');

insert into notifications (source, stream, load, id, created_at, event, sender_id, sender_first_name, metadata) values
('acme', 'notifications', 1, 'n1', '2026-06-05 00:00:00', 'resource.exported', 'p2', 'Bob', '{"ip": "203.0.113.5"}'),
('acme', 'notifications', 1, 'n2', '2026-06-06 00:00:00', 'resource.exported', 'p2', 'Bob', '{"ip": "203.0.113.6"}');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
