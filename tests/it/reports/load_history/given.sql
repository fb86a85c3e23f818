-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into loads (
    load, run_id, kind, source, stream, started_at, finished_at, version, requests, pages, received, stored, duplicates,
    revisions, drift, rejects, withheld, files, bytes, entry_sha256
) values
(1, 'r1', 'sync', 'acme', 'audit_logs', '2026-06-01 00:00:00', '2026-06-01 00:00:01.5', '0.1.0', 12, 10, 500, 480, 15, 3, 1, 4, 1, 2,
    70000, 'aa'),
-- one record is unaccounted for
(2, 'r1', 'sync', 'acme', 'resource_logs', '2026-06-02 00:00:00', '2026-06-02 00:01:00', '0.1.0', 1, 1, 10, 9, 0, 0, 0, 0, 0, 1, 900, 'bb'),
(3, 'r2', 'silence', 'acme', 'audit_logs', '2026-06-03 00:00:00', null, null, null, null, null, null, null, null, null, null, null,
    null, null, 'cc'),
(4, 'r3', 'sync', 'other', 'audit_logs', '2026-06-03 00:00:00', '2026-06-03 00:00:01', '0.1.0', 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 9, 'dd'),
(5, 'r4', 'compact', null, null, '2026-06-04 00:00:00', '2026-06-04 00:00:01', '0.1.0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 'ee'),
(7, 'r0', 'sync', 'acme', 'audit_logs', '2026-05-31 23:59:59', '2026-06-01 00:00:00', '0.1.0', 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 9, 'gg'),
(6, 'r5', 'sync', 'acme', 'audit_logs', '2026-07-01 00:00:00', '2026-07-01 00:00:01', '0.1.0', 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 9, 'ff');
