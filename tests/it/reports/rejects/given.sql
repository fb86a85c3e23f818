-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into rejects (source, stream, load, loaded_at, reason, page, first_seen_at, resolved_load, raw_bytes, stable_hash) values
('acme', 'audit_logs', 1, '2026-06-01 00:00:01', 'no id', 3, '2026-06-01 00:00:00', null, 512, '\x00\xAB'::blob),
-- two of one page, and what a retry has read since
('acme', 'audit_logs', 2, '2026-06-12 09:00:01', 'logged_at: no such day', 7, '2026-06-12 09:00:00', null, 1024, '\x02'::blob),
('acme', 'audit_logs', 2, '2026-06-12 09:00:01', 'no id', 7, '2026-06-12 09:00:00', null, 99, '\x01'::blob),
('acme', 'resource_logs', 3, '2026-06-30 23:59:59.999999', 'no id', null, '2026-06-30 23:59:59.999999', 4, 0, '\x03'::blob),
-- none of these: before the period, its end, another source
('acme', 'audit_logs', 1, '2026-06-01 00:00:01', 'no id', 3, '2026-05-31 23:59:59.999999', null, 512, '\x04'::blob),
('acme', 'audit_logs', 4, '2026-07-01 00:00:00', 'no id', 3, '2026-07-01 00:00:00', null, 512, '\x05'::blob),
('other', 'audit_logs', 5, '2026-06-12 09:00:01', 'no id', 3, '2026-06-12 09:00:00', null, 512, '\x01'::blob);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
