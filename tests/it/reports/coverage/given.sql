-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into coverage (source, stream, from_at, to_at, state, collected_at) values
('acme', 'audit_logs', '2000-01-01', '2026-05-01', 'not_offered', '2026-06-20 09:00:00'),
('acme', 'audit_logs', '2026-05-01', '2026-06-10', 'final', '2026-06-20 09:00:00'),
('acme', 'audit_logs', '2026-06-12', '2026-06-20', 'provisional', '2026-06-20 09:00:00'),
-- touches the period and is not in it
('acme', 'notifications', '2026-05-01', '2026-06-01', 'final', '2026-06-20 09:00:00'),
('acme', 'notifications', '2026-07-01', '2026-08-01', 'final', '2026-06-20 09:00:00'),
('acme', 'notifications', '2026-06-01', '2026-07-01', 'purged', '2026-06-20 09:00:00'),
-- stated by who imported them, and nothing of the time around them
('acme', 'version_histories', '2026-05-01', '2026-06-05', 'asserted', '2026-06-20 09:00:00'),
('acme', 'version_histories', '2026-06-08', '2026-06-10', 'asserted', '2026-06-20 09:00:00'),
-- only what a filter lets through
('acme', 'resource_logs?{"resource_id":["a?b"]}', '2026-06-01', '2026-07-01', 'final', '2026-06-20 09:00:00'),
('other', 'audit_logs', '2026-05-01', '2026-07-10', 'asserted', '2026-07-10 09:00:00');

insert into coverage_gaps (source, stream, gap_from, gap_to, reason) values
('acme', 'audit_logs', '2026-06-10', '2026-06-12', 'page 37 failed'),
('other', 'audit_logs', '2026-06-10', '2026-06-12', 'page 37 failed');

-- a stream that was tried and never brought anything; entries of no stream, or of no one source
insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'silence', 'acme', 'resource_logs', '2026-06-20'), (2, 'a', 'compact', null, null, '2026-06-21'),
(3, 'a', 'purge', 'acme', null, '2026-06-21'), (4, 'a', 'purge', null, 'audit_logs', '2026-06-21');
