-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme
-- resource: Plan B

insert into activity_logs (
    source, stream, load, revision, id, logged_at, activity_type, performer_id, performer_type, performer_name, performer_email,
    resource_id, resource_type, resource_name, related_resource_ids, related_resource_type, event_text, version_history_id, metadata
) values
-- done to the busiest: on the begin of the period, at its end, without a word
('acme', 'audit_logs', 1, 1, 'e1', '2026-06-01 00:00:00', 'document_updated', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, 'Updated', 'v1', '{"ip": "203.0.113.7"}'),
('acme', 'audit_logs', 1, 1, 'e2', '2026-06-03 09:00:00', 'viewed', 'p2', 'USER', 'Bob', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'e3', '2026-06-30 23:59:59.999999', 'viewed', null, null, null, null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, null, null, null),
-- an act on another that touched it
('acme', 'audit_logs', 1, 1, 'e4', '2026-06-04 09:00:00', 'resources_deleted', 'p1', 'USER', 'Ada', null,
    'c1', 'SECODA_ENTITY', 'Old plans', ['d1', 'd2'], 'SECODA_ENTITY', 'Deleted 2 resources', null, null),
-- none of these: another resource, nothing at all however often, before the period, its end, another source
('acme', 'audit_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd2', 'SECODA_ENTITY', 'Plan B', ['d3'], 'SECODA_ENTITY', null, null, null),
('acme', 'audit_logs', 1, 1, 'x2', '2026-06-10 09:00:01', 'viewed', 'p1', 'USER', 'Ada', null,
    'd2', 'SECODA_ENTITY', 'Plan B', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x3', '2026-06-10 09:00:00', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x4', '2026-06-10 09:00:01', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x5', '2026-06-10 09:00:02', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x6', '2026-06-10 09:00:03', 'logged_in', 'p1', 'USER', 'Ada', null, null, null, null, [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x7', '2026-05-31 23:59:59.999999', 'viewed', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x8', '2026-07-01 00:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, null, null, null),
('other', 'audit_logs', 2, 1, 'x9', '2026-06-10 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Plan', [], null, null, null, null),
-- touched it, too, but before the period, at its end, in another source, and of another number
('acme', 'audit_logs', 1, 1, 'x10', '2026-05-31 23:59:59.999999', 'resources_updated', 'p1', 'USER', 'Ada', null,
    null, null, null, ['d1'], 'SECODA_ENTITY', null, null, null),
('acme', 'audit_logs', 1, 1, 'x11', '2026-07-01 00:00:00', 'resources_updated', 'p1', 'USER', 'Ada', null,
    null, null, null, ['d1'], 'SECODA_ENTITY', null, null, null),
('other', 'audit_logs', 2, 1, 'x12', '2026-06-10 09:00:00', 'resources_updated', 'p1', 'USER', 'Ada', null,
    null, null, null, ['d1'], 'SECODA_ENTITY', null, null, null),
('other', 'audit_logs', 2, 1, 'e4', '2026-06-04 09:00:00', 'resources_updated', 'p1', 'USER', 'Ada', null,
    null, null, null, ['d9', 'd2', 'd3'], 'SECODA_ENTITY', null, null, null),
-- once more from the list of a resource, whose log it is not, and the number at another time
('acme', 'resource_logs', 1, 1, 'e4', '2026-06-04 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd4', 'SECODA_ENTITY', 'Plan D', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'e4', '2026-06-12 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd4', 'SECODA_ENTITY', 'Plan D', [], null, null, null, null),
-- busier than the busiest, if time or source did not count
('acme', 'audit_logs', 1, 1, 'x13', '2026-05-01 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'd2', 'SECODA_ENTITY', 'Plan B', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x14', '2026-05-01 09:00:01', 'viewed', 'p1', 'USER', 'Ada', null,
    'd2', 'SECODA_ENTITY', 'Plan B', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x15', '2026-05-01 09:00:02', 'viewed', 'p1', 'USER', 'Ada', null,
    'd2', 'SECODA_ENTITY', 'Plan B', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x16', '2026-07-02 09:00:00', 'viewed', 'p1', 'USER', 'Ada', null,
    'c1', 'SECODA_ENTITY', 'Old plans', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x17', '2026-07-02 09:00:01', 'viewed', 'p1', 'USER', 'Ada', null,
    'c1', 'SECODA_ENTITY', 'Old plans', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x18', '2026-07-02 09:00:02', 'viewed', 'p1', 'USER', 'Ada', null,
    'c1', 'SECODA_ENTITY', 'Old plans', [], null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x19', '2026-07-02 09:00:03', 'viewed', 'p1', 'USER', 'Ada', null,
    'c1', 'SECODA_ENTITY', 'Old plans', [], null, null, null, null);

insert into activity_logs (source, stream, load, revision, id, logged_at, activity_type, resource_id, resource_type)
select 'other', 'audit_logs', 2, 1, 'x' || n, timestamp '2026-06-02 09:00:00', 'viewed', 'f1', 'SECODA_ENTITY' from range(20, 28) as r(n);

-- what has the same number elsewhere
insert into activity_logs (source, stream, load, revision, id, logged_at, activity_type, resource_id, resource_type) values
('other', 'audit_logs', 2, 1, 'x30', '2026-06-11 09:00:00', 'viewed', 'd2', 'SECODA_ENTITY'),
('other', 'audit_logs', 2, 1, 'x31', '2026-06-11 10:00:00', 'viewed', 'd8', 'SECODA_ENTITY');

insert into version_histories (source, stream, load, revision, id, created_at, resource_id, secoda_entity_type, previous, current) values
('acme', 'resource_logs', 1, 1, 'v1', '2026-06-01 00:00:00', 'd1', 'document', '{"title": "Draft", "pii": null, "a/b": 1, "same": 1}',
    '{"title": "Plan", "pii": false, "a/b": 2, "same": 1}'),
-- none of these: another resource, before the period, its end, another source
('acme', 'resource_logs', 1, 1, 'v2', '2026-06-10 09:00:00', 'd2', 'document', '{"title": "a"}', '{"title": "b"}'),
('acme', 'resource_logs', 1, 1, 'v3', '2026-05-31 23:59:59.999999', 'd1', 'document', '{"title": "a"}', '{"title": "b"}'),
('acme', 'resource_logs', 1, 1, 'v4', '2026-07-01 00:00:00', 'd1', 'document', '{"title": "a"}', '{"title": "b"}'),
('other', 'resource_logs', 2, 1, 'v5', '2026-06-10 09:00:00', 'd1', 'document', '{"title": "a"}', '{"title": "b"}'),
('other', 'resource_logs', 2, 1, 'v6', '2026-06-10 09:00:00', 'd2', 'document', '{"title": "a"}', '{"title": "b"}'),
('other', 'resource_logs', 2, 1, 'v7', '2026-06-10 09:00:00', 'd3', 'document', '{"title": "a"}', '{"title": "b"}');

insert into resources (source, resource_id, resource_type, name, title, is_current) values
('acme', 'd1', 'SECODA_ENTITY', 'Plan', null, true),
('acme', 'd1', 'SECODA_ENTITY', 'Draft', null, false),
('acme', 'd2', 'SECODA_ENTITY', 'Plan B', null, true),
-- named like its identifier
('acme', 'd3', 'SECODA_ENTITY', 'd3', null, true),
('other', 'd8', 'SECODA_ENTITY', null, 'Plan B', true),
('other', 'd1', 'SECODA_ENTITY', 'Foreign', null, true);

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
