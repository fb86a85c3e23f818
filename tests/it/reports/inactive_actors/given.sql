-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- days: 20

insert into performers (
    source, performer_id, performer_type, name, display_name, email, disabled, first_observed_at, last_observed_at, is_current
) values
-- silent since before the border
('acme', 'p1', 'USER', 'Ada', null, 'ada@acme.example', false, '2026-01-01', '2026-05-01', true),
('acme', 'p1', 'USER', 'Ada of before', null, null, true, '2025-01-01', '2025-12-31', false),
-- silent then, and back after the period
('acme', 'p2', 'API', '', 'ci', null, null, '2026-01-01', '2026-07-10', true),
('other', 'p1', 'USER', 'Eve', null, null, false, '2026-01-01', '2026-05-02', true),
-- none of these: active on the border, first seen after it, disabled
('acme', 'p3', 'USER', 'Cy', null, null, false, '2026-01-01', '2026-07-10', true),
('acme', 'p4', 'USER', 'Di', null, null, false, '2026-06-12', '2026-07-10', true),
('acme', 'p5', 'USER', 'Fay', null, null, true, '2026-01-01', '2026-04-01', true);

insert into activity_logs (source, stream, load, id, logged_at, activity_type, performer_id, performer_type) values
('acme', 'audit_logs', 1, 'a', '2026-06-11 00:00:00', 'x', 'p3', 'USER'),
-- active before the border and after the period; somebody of the same number elsewhere
('acme', 'audit_logs', 1, 'b', '2026-06-10 23:59:59', 'x', 'p1', 'USER'),
('acme', 'audit_logs', 1, 'c', '2026-07-01 00:00:00', 'x', 'p2', 'API'),
('other', 'audit_logs', 1, 'd', '2026-06-20 00:00:00', 'x', 'p2', 'API');

insert into ref.people (email, name, manager, employed_to, privileged) values
('ada@acme.example', 'Ada', 'Grace', '2026-05-31', false), ('eve@acme.example', 'Eve', 'Heidi', null, false);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
