-- since: 2026-06-01T00:00:00Z
-- until: 2026-07-01T00:00:00Z
-- source: acme

insert into activity_logs (
    source, stream, load, revision, id, logged_at, activity_type, performer_id, performer_type, performer_name, performer_email,
    resource_id, resource_type, resource_name, event_text, metadata
) values
-- the words of these types are the test's own: what counts is the kind of the target
('acme', 'audit_logs', 1, 1, 'e1', '2026-06-01 00:00:00', 'policy_updated', 'p1', 'USER', 'Ada', 'ada@acme.example',
    'o1', 'POLICY', 'Retention', 'Updated policy', '{"ip_address": "203.0.113.7"}'),
('acme', 'audit_logs', 1, 1, 'e2', '2026-06-02 09:00:00', 'monitor_muted', 'p1', 'USER', 'Ada', null, 'm1', 'MONITOR', 'Freshness', null, null),
('acme', 'audit_logs', 1, 1, 'e3', '2026-06-03 09:00:00', 'monitor_unmuted', 'p1', 'USER', 'Ada', null, 'm1', 'MONITOR', 'Freshness', null, null),
('acme', 'audit_logs', 1, 1, 'e4', '2026-06-04 09:00:00', 'rule_created', 'p1', 'USER', 'Ada', null,
    'n1', 'MONITOR_NOTIFICATION_RULE', null, null, null),
('acme', 'audit_logs', 1, 1, 'e5', '2026-06-05 09:00:00', 'deleted', 'p1', 'USER', 'Ada', null, 'i1', 'IAM_RESOURCE_POLICY', null, null, null),
('acme', 'audit_logs', 1, 1, 'e6', '2026-06-06 09:00:00', 'frobnicated', 'p1', 'USER', 'Ada', null, 'au1', 'AUTOMATION', null, null, null),
('acme', 'audit_logs', 1, 1, 'e7', '2026-06-30 23:59:59.999999', 'disabled', 'p1', 'USER', 'Ada', null, 'au1', 'AUTOMATION', null, null, null),
('acme', 'audit_logs', 1, 1, 'e8', '2026-06-07 09:00:00', 'subscriber_added', 'p1', 'USER', 'Ada', null, 'm1', 'MONITOR', null, null, null),
('acme', 'audit_logs', 1, 1, 'e9', '2026-06-07 10:00:00', 'subscriber_removed', 'p1', 'USER', 'Ada', null, 'm1', 'MONITOR', null, null, null),
-- by another thing than itself, and by nobody known
('acme', 'audit_logs', 1, 1, 'f1', '2026-06-08 09:00:00', 'monitor_muted', 'au1', 'AUTOMATION', null, null, 'm1', 'MONITOR', null, null, null),
('acme', 'audit_logs', 1, 1, 'f2', '2026-06-08 10:00:00', 'monitor_updated', null, null, null, null, 'm1', 'MONITOR', null, null, null),
-- none of these: a monitor that ran and an automation that was triggered, what a monitor found, a policy that was read,
-- another kind of target with such a name, no target, before the period, its end, another source
('acme', 'audit_logs', 1, 1, 'x1', '2026-06-10 09:00:00', 'monitor_ran', 'm1', 'MONITOR', null, null, 'm1', 'MONITOR', null, null, null),
('acme', 'audit_logs', 1, 1, 'x2', '2026-06-10 09:00:00', 'triggered', 'au1', 'AUTOMATION', null, null, 'au1', 'AUTOMATION', null, null, null),
('acme', 'audit_logs', 1, 1, 'x9', '2026-06-10 09:00:00', 'monitor_resolved', 'm1', 'MONITOR', null, null, 'm1', 'MONITOR', null, null, null),
('acme', 'audit_logs', 1, 1, 'x0', '2026-06-10 09:00:00', 'incident_created', 'm1', 'MONITOR', null, null, 'm1', 'MONITOR', null, null, null),
('acme', 'audit_logs', 1, 1, 'x3', '2026-06-10 09:00:00', 'policy_viewed', 'p1', 'USER', 'Ada', null, 'o1', 'POLICY', 'Retention', null, null),
('acme', 'audit_logs', 1, 1, 'x4', '2026-06-10 09:00:00', 'document_updated', 'p1', 'USER', 'Ada', null,
    'd1', 'SECODA_ENTITY', 'Policy', 'Updated policy', null),
('acme', 'audit_logs', 1, 1, 'x5', '2026-06-10 09:00:00', 'policy_updated', 'p1', 'USER', 'Ada', null, null, null, null, null, null),
('acme', 'audit_logs', 1, 1, 'x6', '2026-05-31 23:59:59.999999', 'policy_updated', 'p1', 'USER', 'Ada', null, 'o1', 'POLICY', null, null, null),
('acme', 'audit_logs', 1, 1, 'x7', '2026-07-01 00:00:00', 'policy_updated', 'p1', 'USER', 'Ada', null, 'o1', 'POLICY', null, null, null),
('other', 'audit_logs', 2, 1, 'x8', '2026-06-10 09:00:00', 'policy_updated', 'p1', 'USER', 'Ada', null, 'o1', 'POLICY', null, null, null);

insert into zendesk_audit_logs (
    source, stream, load, revision, id, created_at, action, action_label, actor_id, actor_name, change_description, ip_address,
    source_id, source_label, source_type
) values
('acme', 'audit_logs', 1, 1, 21, '2026-06-11 09:00:00', 'update', 'Updated', 7, 'Priya', 'Conditions changed: status less than solved',
    '198.51.100.22', 8, 'Close after 4 days', 'rule'),
('acme', 'audit_logs', 1, 1, 22, '2026-06-12 09:00:00', 'destroy', 'Deleted', 7, 'Priya', '', '198.51.100.22', 8, 'Close after 4 days', 'rule'),
-- by somebody of that number
('acme', 'audit_logs', 1, 1, 25, '2026-06-12 09:30:00', 'update', 'Updated', 8, 'Marcus', 'Position changed', null, 8, 'Close after 4 days', 'rule'),
('acme', 'audit_logs', 1, 1, 23, '2026-06-12 10:00:00', 'update', 'Updated', 7, 'Priya', 'Rule', '198.51.100.22', 8, 'Rule', 'ticket'),
('acme', 'audit_logs', 1, 1, 24, '2026-06-12 11:00:00', 'exported', 'Exported', 7, 'Priya', '', '198.51.100.22', null, null, 'rule');

insert into loads (load, run_id, kind, source, stream, started_at) values
(1, 'a', 'sync', 'acme', 'audit_logs', '2026-07-01'), (2, 'a', 'sync', 'other', 'audit_logs', '2026-07-01');
