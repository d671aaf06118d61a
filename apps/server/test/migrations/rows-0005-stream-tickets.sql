-- What 0005-stream-tickets can hold beside the rows of 0002-assets.
insert into comfy.batches (id, owner_id, key_id, metadata, job_count, created_at) values
  ('019aaaaa-0000-7000-8000-0000000000ba', 'env:old', 'key-1', '{"project":"x"}', 1, '2026-01-01T12:04:00Z');
insert into comfy.jobs (id, owner_id, key_id, kind, state, plan, is_uploaded_to_cloud, is_abandonable, request_id, created_at,
    deadline_at, run_after, needs, is_postponed, batch_id, metadata, metadata_pairs, priority, waiting_reason, completed_at, failure) values
  ('019aaaaa-0000-7000-8000-000000000010', 'env:old', 'key-1', 'image', 'pending',
    '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', true, false, 'request-e', '2026-01-01T12:04:00Z',
    '2026-01-01T13:04:00Z', '2026-01-01T12:04:30Z', 'image/', true, '019aaaaa-0000-7000-8000-0000000000ba', '{"project":"x"}',
    array['019aaaaa-0000-7000-8000-0000000000aa']::uuid[], 5, 'Busy.', null, null),
  ('019aaaaa-0000-7000-8000-000000000011', 'env:old', 'key-1', 'image', 'cancelled',
    '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', true, false, 'request-f', '2026-01-01T12:05:00Z',
    '2026-01-01T13:05:00Z', '2026-01-01T12:05:00Z', 'image/', false, null, null, null, 0, null, '2026-01-01T12:05:10Z',
    '{"code":"cancelled","message":"Cancelled."}');
insert into comfy.idempotency_keys (owner_id, surface, key_hash, fingerprint, batch_id, created_at) values
  ('env:old', 'v1', 'hash-2', 'body-2', '019aaaaa-0000-7000-8000-0000000000ba', '2026-01-01T12:04:00Z');
insert into comfy.holders (holder, capacity, expires_at) values ('worker-1', 2, '2026-01-01T12:02:15Z'), ('worker-2', null, '2026-01-01T12:02:15Z');
insert into comfy.backend_leases (backend_id, holder, epoch, expires_at) values ('gpu-2', null, 9, '2026-01-01T12:02:15Z');
insert into comfy.webhook_endpoints (id, owner_id, slot, url, events, description, is_enabled, disabled_reason, secret_version,
    secret_rotations, failed_deliveries, failing_since, created_at, updated_at, idempotency_hash, fingerprint) values
  ('019aaaaa-0000-7000-8000-0000000000ca', 'env:old', 1, 'https://example.com/all', '{job.completed,job.failed}', 'All of it', true,
    null, 2, '{2026-01-01T12:00:00Z}', 1, '2026-01-01T12:01:00Z', '2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z', 'hash-3', 'body-3'),
  ('019aaaaa-0000-7000-8000-0000000000cb', 'env:old', 2, 'https://example.com/gone', '{job.cancelled}', null, false, 'gone', 1, '{}', 0,
    null, '2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z', null, null);
insert into comfy.usage (job_id, owner_id, key_id, kind, state, attempts, waited_ms, worked_ms, is_refunded, ended_at) values
  ('019aaaaa-0000-7000-8000-000000000011', 'env:old', 'key-1', 'image', 'cancelled', 0, 10000, 0, true, '2026-01-01T12:05:10Z');
insert into comfy.outbox (id, job_id, owner_id, url, tries, due_at, given_up_at, created_at, endpoint_id, event, target, lease_epoch, problem)
  values
  ('019aaaaa-0000-7000-8000-0000000000d2', '019aaaaa-0000-7000-8000-00000000000b', 'env:old', null, 9, null, '2026-01-02T12:01:00Z',
    '2026-01-01T12:01:03Z', '019aaaaa-0000-7000-8000-0000000000ca', 'job.failed', '019aaaaa-0000-7000-8000-0000000000ca', 9, 'It was gone.'),
  ('019aaaaa-0000-7000-8000-0000000000d3', null, 'env:old', null, 0, '2026-01-01T12:06:00Z', null, '2026-01-01T12:06:00Z',
    '019aaaaa-0000-7000-8000-0000000000ca', 'test', '019aaaaa-0000-7000-8000-0000000000ca', 0, null);
insert into comfy.stream_tickets (hash, job_id, caller, expires_at) values
  ('ticket-1', '019aaaaa-0000-7000-8000-00000000000c', '{"ownerId":"env:old"}', '2026-01-01T12:03:00Z');
