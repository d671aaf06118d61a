-- A row of each kind in the schema of 0002-assets: jobs that wait, run and have ended, and what belongs to them.
insert into comfy.settings (name, value) values ('deployment_id', '019aaaaa-0000-7000-8000-000000000001');
insert into comfy.jobs (id, owner_id, key_id, kind, state, plan, is_uploaded_to_cloud, is_abandonable, callback_url, request_id,
    retry_of, charged_on, created_at, deadline_at, run_after, waiting_reason, lease_epoch, lease_holder, lease_expires_at, holds_slot,
    started_at, completed_at, progress, summary, failure, finish_id) values
  ('019aaaaa-0000-7000-8000-00000000000a', 'env:old', 'key-1', 'portrait', 'complete',
    '{"kind":"portrait","workflow":"portrait","version":1,"seed":18446744073709551615,"variants":[],"media":["image"],"words":"a\u0000b"}',
    true, false, 'https://example.com/hook', 'request-a', null, '2026-01-01', '2026-01-01T12:00:00Z', '2026-01-01T13:00:00Z',
    '2026-01-01T12:00:00Z', null, 2, null, null, false, '2026-01-01T12:00:01Z', '2026-01-01T12:00:21Z',
    '{"value":1}', '{"model":"flux-schnell","prompt":"a viking"}', null, '019aaaaa-0000-7000-8000-0000000000f1'),
  ('019aaaaa-0000-7000-8000-00000000000b', 'env:old', 'key-1', 'tts', 'failed',
    '{"kind":"tts","workflow":"tts","version":1,"seed":7,"variants":[],"media":[]}', false, false, null, 'request-b', null, '2026-01-01',
    '2026-01-01T12:01:00Z', '2026-01-01T13:01:00Z', '2026-01-01T12:01:00Z', null, 1, null, null, false,
    '2026-01-01T12:01:01Z', '2026-01-01T12:01:03Z', null, null, '{"code":"backend_crashed","message":"It died."}', null),
  ('019aaaaa-0000-7000-8000-00000000000c', 'env:old', 'key-1', 'tts', 'running',
    '{"kind":"tts","workflow":"tts","version":1,"seed":7,"variants":[],"media":[]}', false, true, null, 'request-c',
    '019aaaaa-0000-7000-8000-00000000000b', '2026-01-01', '2026-01-01T12:02:00Z', '2026-01-01T13:02:00Z', '2026-01-01T12:02:00Z', null,
    1, 'worker-1', '2026-01-01T12:02:15Z', true, '2026-01-01T12:02:01Z', null, '{"value":0.5}', null, null, null),
  ('019aaaaa-0000-7000-8000-00000000000d', 'env:other', 'key-2', 'image', 'pending',
    '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', true, false, null, 'request-d', null, null,
    '2026-01-01T12:03:00Z', '2026-01-01T13:03:00Z', '2026-01-01T12:03:30Z', 'No backend has the model.', 3, null, null, false,
    null, null, null, null, null, null);
insert into comfy.owner_queue (owner_id, concurrent_jobs, active, weight, vtime, has_waiting) values
  ('env:old', 2, 1, 1, 3.5, false), ('env:other', null, 0, 2, 1, true);
insert into comfy.generations_per_day (owner_id, day, count) values ('env:old', '2026-01-01', 3);
insert into comfy.idempotency_keys (owner_id, surface, key_hash, fingerprint, job_id, created_at) values
  ('env:old', 'product', 'hash-1', 'body-1', '019aaaaa-0000-7000-8000-00000000000a', '2026-01-01T12:00:00Z');
insert into comfy.used_signatures (hash, expires_at) values ('signature-1', '2026-01-01T12:05:00Z');
insert into comfy.attempts (id, job_id, n, backend_id, backend_epoch, lease_epoch, state, graph, summary, output_nodes, created_at,
    sent_at, acked_at, ended_at) values
  ('019aaaaa-0000-7000-8000-0000000000a1', '019aaaaa-0000-7000-8000-00000000000a', 1, 'gpu-1', 'boot-1', 1, 'lost', '{"3":{}}',
    '{"model":"flux-schnell"}', '["9"]', '2026-01-01T12:00:01Z', '2026-01-01T12:00:01Z', null, '2026-01-01T12:00:11Z'),
  ('019aaaaa-0000-7000-8000-0000000000a2', '019aaaaa-0000-7000-8000-00000000000a', 2, 'gpu-2', 'boot-1', 2, 'done', '{"3":{}}',
    '{"model":"flux-schnell"}', '["9"]', '2026-01-01T12:00:12Z', '2026-01-01T12:00:12Z', '2026-01-01T12:00:12Z', '2026-01-01T12:00:21Z'),
  ('019aaaaa-0000-7000-8000-0000000000b1', '019aaaaa-0000-7000-8000-00000000000b', 1, 'gpu-1', 'boot-1', 1, 'done', '{}', '{}', '[]',
    '2026-01-01T12:01:01Z', '2026-01-01T12:01:01Z', null, '2026-01-01T12:01:03Z'),
  ('019aaaaa-0000-7000-8000-0000000000c1', '019aaaaa-0000-7000-8000-00000000000c', 1, 'gpu-1', 'boot-1', 1, 'acked', '{}', '{}', '[]',
    '2026-01-01T12:02:01Z', '2026-01-01T12:02:01Z', '2026-01-01T12:02:01Z', null);
insert into comfy.orphan_prompts (backend_id, prompt_id, until) values
  ('gpu-1', '019aaaaa-0000-7000-8000-0000000000a1', '2026-01-02T12:00:00Z');
insert into comfy.backend_leases (backend_id, holder, epoch, expires_at) values ('gpu-1', 'worker-1', 4, '2026-01-01T12:02:15Z');
insert into comfy.backend_slots (backend_id, slot, attempt_id, taken_at) values
  ('gpu-1', 0, '019aaaaa-0000-7000-8000-0000000000c1', '2026-01-01T12:02:01Z');
insert into comfy.blobs (sha256, blake3, size_bytes, location, touched_at, state) values
  ('aa11', null, 1000, 'aa/aa11', '2026-01-01T12:00:00Z', 'live'), ('bb22', 'b3', 5000000000, 'bb/bb22', '2026-01-01T12:00:21Z', 'live');
insert into comfy.assets (id, owner_id, job_id, sha256, name, type, source, node, index, position, created_at) values
  ('019aaaaa-0000-7000-8000-0000000000e1', 'env:old', null, 'aa11', 'me.png', 'image/png', 'upload', null, null, null,
    '2026-01-01T11:59:00Z'),
  ('019aaaaa-0000-7000-8000-0000000000e2', 'env:old', '019aaaaa-0000-7000-8000-00000000000a', 'bb22', 'portrait.png', 'image/png',
    'output', '9', 0, 0, '2026-01-01T12:00:21Z');
insert into comfy.job_inputs (job_id, slot, asset_id) values
  ('019aaaaa-0000-7000-8000-00000000000a', 'image', '019aaaaa-0000-7000-8000-0000000000e1');
insert into comfy.usage (job_id, owner_id, key_id, kind, state, attempts, waited_ms, worked_ms, is_refunded, ended_at) values
  ('019aaaaa-0000-7000-8000-00000000000a', 'env:old', 'key-1', 'portrait', 'complete', 2, 1000, 20000, false, '2026-01-01T12:00:21Z'),
  ('019aaaaa-0000-7000-8000-00000000000b', 'env:old', 'key-1', 'tts', 'failed', 1, 1000, 2000, true, '2026-01-01T12:01:03Z');
insert into comfy.outbox (id, job_id, owner_id, url, tries, due_at, holder, first_tried_at, delivered_at, given_up_at, created_at) values
  ('019aaaaa-0000-7000-8000-0000000000d1', '019aaaaa-0000-7000-8000-00000000000a', 'env:old', 'https://example.com/hook', 1,
    '2026-01-01T12:05:21Z', null, '2026-01-01T12:00:21Z', null, null, '2026-01-01T12:00:21Z');
insert into comfy.delivery_tries (outbox_id, n, tried_at, duration_ms, status, problem) values
  ('019aaaaa-0000-7000-8000-0000000000d1', 1, '2026-01-01T12:00:21Z', 30, 500, null);
insert into comfy.link_keys (id, secret, created_at) values ('k1', '\x00ff10', '2026-01-01T11:00:00Z');
