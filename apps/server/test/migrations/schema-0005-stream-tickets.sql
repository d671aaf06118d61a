CREATE SCHEMA comfy;
CREATE FUNCTION comfy.refuse_change_of_ended_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
  raise exception 'Job % has ended: its row does not change any more.', old.id using errcode = 'restrict_violation';
end $$;
CREATE TABLE comfy.assets (
    id uuid NOT NULL,
    owner_id text NOT NULL,
    job_id uuid,
    sha256 text NOT NULL,
    name text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    node text,
    index integer,
    "position" integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT assets_check CHECK (((job_id IS NULL) = ("position" IS NULL))),
    CONSTRAINT assets_source_check CHECK ((source = ANY (ARRAY['output'::text, 'upload'::text, 'url'::text, 'builtin'::text])))
);
CREATE TABLE comfy.attempts (
    id uuid NOT NULL,
    job_id uuid NOT NULL,
    n integer NOT NULL,
    backend_id text NOT NULL,
    backend_epoch text NOT NULL,
    lease_epoch integer NOT NULL,
    state text DEFAULT 'sent'::text NOT NULL,
    graph json NOT NULL,
    summary json NOT NULL,
    output_nodes json NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sent_at timestamp with time zone,
    acked_at timestamp with time zone,
    ended_at timestamp with time zone,
    cause text,
    CONSTRAINT attempts_cause_check CHECK ((cause = ANY (ARRAY['backend_died'::text, 'unreachable'::text, 'vanished'::text, 'never_arrived'::text, 'out_of_memory'::text, 'interrupted'::text, 'output_gone'::text, 'stalled'::text]))),
    CONSTRAINT attempts_state_check CHECK ((state = ANY (ARRAY['intended'::text, 'sent'::text, 'acked'::text, 'done'::text, 'lost'::text, 'superseded'::text])))
);
CREATE TABLE comfy.backend_leases (
    backend_id text NOT NULL,
    holder text,
    epoch integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE comfy.batches (
    id uuid NOT NULL,
    owner_id text NOT NULL,
    key_id text NOT NULL,
    metadata json,
    job_count integer NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE comfy.blobs (
    sha256 text NOT NULL,
    blake3 text,
    size_bytes bigint NOT NULL,
    location text NOT NULL,
    touched_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    state text DEFAULT 'live'::text NOT NULL,
    CONSTRAINT blobs_state_check CHECK ((state = ANY (ARRAY['live'::text, 'deleting'::text])))
);
CREATE TABLE comfy.delivery_tries (
    outbox_id uuid NOT NULL,
    n integer NOT NULL,
    tried_at timestamp with time zone NOT NULL,
    duration_ms integer NOT NULL,
    status integer,
    problem text
);
CREATE TABLE comfy.generations_per_day (
    owner_id text NOT NULL,
    day date NOT NULL,
    count integer NOT NULL,
    CONSTRAINT generations_per_day_count_check CHECK ((count >= 0))
);
CREATE TABLE comfy.holders (
    holder text NOT NULL,
    capacity integer,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE comfy.idempotency_keys (
    owner_id text NOT NULL,
    surface text NOT NULL,
    key_hash text NOT NULL,
    fingerprint text NOT NULL,
    job_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    batch_id uuid,
    CONSTRAINT idempotency_keys_check CHECK ((num_nonnulls(job_id, batch_id) = 1))
);
CREATE TABLE comfy.job_inputs (
    job_id uuid NOT NULL,
    slot text NOT NULL,
    asset_id uuid NOT NULL
);
CREATE TABLE comfy.jobs (
    id uuid NOT NULL,
    seq bigint NOT NULL,
    owner_id text NOT NULL,
    key_id text NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'pending'::text NOT NULL,
    plan json NOT NULL,
    priority smallint DEFAULT 0 NOT NULL,
    is_uploaded_to_cloud boolean NOT NULL,
    is_abandonable boolean NOT NULL,
    callback_url text,
    request_id text NOT NULL,
    retry_of uuid,
    charged_on date,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    deadline_at timestamp with time zone NOT NULL,
    run_after timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    waiting_reason text,
    cancel_requested_at timestamp with time zone,
    lease_epoch integer DEFAULT 0 NOT NULL,
    lease_holder text,
    lease_expires_at timestamp with time zone,
    holds_slot boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    progress json,
    summary json,
    failure json,
    finish_id uuid,
    needs text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    is_postponed boolean DEFAULT false NOT NULL,
    batch_id uuid,
    metadata json,
    metadata_pairs uuid[],
    CONSTRAINT jobs_check CHECK (((lease_holder IS NULL) = (lease_expires_at IS NULL))),
    CONSTRAINT jobs_check1 CHECK (((completed_at IS NOT NULL) = (state = ANY (ARRAY['complete'::text, 'failed'::text, 'expired'::text, 'cancelled'::text])))),
    CONSTRAINT jobs_priority_check CHECK (((priority >= '-100'::integer) AND (priority <= 100))),
    CONSTRAINT jobs_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'running'::text, 'collecting'::text, 'complete'::text, 'failed'::text, 'expired'::text, 'cancelled'::text])))
)
WITH (fillfactor='70');
ALTER TABLE comfy.jobs ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME comfy.jobs_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE comfy.link_keys (
    id text NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE comfy.migrations (
    id text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE comfy.orphan_prompts (
    backend_id text NOT NULL,
    prompt_id uuid NOT NULL,
    until timestamp with time zone NOT NULL,
    backend_epoch text DEFAULT ''::text NOT NULL
);
CREATE TABLE comfy.outbox (
    id uuid NOT NULL,
    job_id uuid,
    owner_id text NOT NULL,
    url text,
    tries integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT clock_timestamp(),
    holder text,
    first_tried_at timestamp with time zone,
    delivered_at timestamp with time zone,
    given_up_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    endpoint_id uuid,
    event text NOT NULL,
    target text NOT NULL,
    lease_epoch integer DEFAULT 0 NOT NULL,
    problem text,
    CONSTRAINT outbox_check CHECK (((due_at IS NULL) = ((delivered_at IS NOT NULL) OR (given_up_at IS NOT NULL)))),
    CONSTRAINT outbox_check1 CHECK (((endpoint_id IS NULL) = (url IS NOT NULL)))
);
CREATE TABLE comfy.owner_queue (
    owner_id text NOT NULL,
    concurrent_jobs integer,
    active integer DEFAULT 0 NOT NULL,
    weight double precision DEFAULT 1 NOT NULL,
    vtime double precision DEFAULT 0 NOT NULL,
    has_waiting boolean DEFAULT true NOT NULL,
    idle_since timestamp with time zone,
    CONSTRAINT owner_queue_active_check CHECK ((active >= 0)),
    CONSTRAINT owner_queue_weight_check CHECK ((weight > (0)::double precision))
)
WITH (fillfactor='70');
CREATE TABLE comfy.settings (
    name text NOT NULL,
    value text NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE comfy.stream_tickets (
    hash text NOT NULL,
    job_id uuid NOT NULL,
    caller jsonb NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE comfy.usage (
    job_id uuid NOT NULL,
    owner_id text NOT NULL,
    key_id text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    waited_ms bigint NOT NULL,
    worked_ms bigint NOT NULL,
    is_refunded boolean NOT NULL,
    ended_at timestamp with time zone NOT NULL
);
CREATE TABLE comfy.used_signatures (
    hash text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE comfy.webhook_endpoints (
    id uuid NOT NULL,
    owner_id text NOT NULL,
    slot smallint NOT NULL,
    url text NOT NULL,
    events text[] NOT NULL,
    description text,
    is_enabled boolean DEFAULT true NOT NULL,
    disabled_reason text,
    secret_version integer DEFAULT 1 NOT NULL,
    secret_rotations timestamp with time zone[] DEFAULT '{}'::timestamp with time zone[] NOT NULL,
    failed_deliveries integer DEFAULT 0 NOT NULL,
    failing_since timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    idempotency_hash text,
    fingerprint text,
    CONSTRAINT webhook_endpoints_check CHECK ((is_enabled = (disabled_reason IS NULL))),
    CONSTRAINT webhook_endpoints_disabled_reason_check CHECK ((disabled_reason = ANY (ARRAY['owner'::text, 'gone'::text, 'failing'::text]))),
    CONSTRAINT webhook_endpoints_events_check CHECK ((cardinality(events) > 0)),
    CONSTRAINT webhook_endpoints_slot_check CHECK (((slot >= 1) AND (slot <= 20)))
);
INSERT INTO comfy.assets VALUES ('019aaaaa-0000-7000-8000-0000000000e1', 'env:old', NULL, 'aa11', 'me.png', 'image/png', 'upload', NULL, NULL, NULL, '2026-01-01 11:59:00+00');
INSERT INTO comfy.assets VALUES ('019aaaaa-0000-7000-8000-0000000000e2', 'env:old', '019aaaaa-0000-7000-8000-00000000000a', 'bb22', 'portrait.png', 'image/png', 'output', '9', 0, 0, '2026-01-01 12:00:21+00');
INSERT INTO comfy.attempts VALUES ('019aaaaa-0000-7000-8000-0000000000a1', '019aaaaa-0000-7000-8000-00000000000a', 1, 'gpu-1', 'boot-1', 1, 'lost', '{"3":{}}', '{"model":"flux-schnell"}', '["9"]', '2026-01-01 12:00:01+00', '2026-01-01 12:00:01+00', NULL, '2026-01-01 12:00:11+00', NULL);
INSERT INTO comfy.attempts VALUES ('019aaaaa-0000-7000-8000-0000000000a2', '019aaaaa-0000-7000-8000-00000000000a', 2, 'gpu-2', 'boot-1', 2, 'done', '{"3":{}}', '{"model":"flux-schnell"}', '["9"]', '2026-01-01 12:00:12+00', '2026-01-01 12:00:12+00', '2026-01-01 12:00:12+00', '2026-01-01 12:00:21+00', NULL);
INSERT INTO comfy.attempts VALUES ('019aaaaa-0000-7000-8000-0000000000b1', '019aaaaa-0000-7000-8000-00000000000b', 1, 'gpu-1', 'boot-1', 1, 'done', '{}', '{}', '[]', '2026-01-01 12:01:01+00', '2026-01-01 12:01:01+00', NULL, '2026-01-01 12:01:03+00', NULL);
INSERT INTO comfy.attempts VALUES ('019aaaaa-0000-7000-8000-0000000000c1', '019aaaaa-0000-7000-8000-00000000000c', 1, 'gpu-1', 'boot-1', 1, 'acked', '{}', '{}', '[]', '2026-01-01 12:02:01+00', '2026-01-01 12:02:01+00', '2026-01-01 12:02:01+00', NULL, NULL);
INSERT INTO comfy.backend_leases VALUES ('gpu-1', 'worker-1', 4, '2026-01-01 12:02:15+00');
INSERT INTO comfy.backend_leases VALUES ('gpu-2', NULL, 9, '2026-01-01 12:02:15+00');
INSERT INTO comfy.batches VALUES ('019aaaaa-0000-7000-8000-0000000000ba', 'env:old', 'key-1', '{"project":"x"}', 1, '2026-01-01 12:04:00+00');
INSERT INTO comfy.blobs VALUES ('aa11', NULL, 1000, 'aa/aa11', '2026-01-01 12:00:00+00', 'live');
INSERT INTO comfy.blobs VALUES ('bb22', 'b3', 5000000000, 'bb/bb22', '2026-01-01 12:00:21+00', 'live');
INSERT INTO comfy.delivery_tries VALUES ('019aaaaa-0000-7000-8000-0000000000d1', 1, '2026-01-01 12:00:21+00', 30, 500, NULL);
INSERT INTO comfy.generations_per_day VALUES ('env:old', '2026-01-01', 3);
INSERT INTO comfy.holders VALUES ('worker-1', 2, '2026-01-01 12:02:15+00');
INSERT INTO comfy.holders VALUES ('worker-2', NULL, '2026-01-01 12:02:15+00');
INSERT INTO comfy.idempotency_keys VALUES ('env:old', 'product', 'hash-1', 'body-1', '019aaaaa-0000-7000-8000-00000000000a', '2026-01-01 12:00:00+00', NULL);
INSERT INTO comfy.idempotency_keys VALUES ('env:old', 'v1', 'hash-2', 'body-2', NULL, '2026-01-01 12:04:00+00', '019aaaaa-0000-7000-8000-0000000000ba');
INSERT INTO comfy.job_inputs VALUES ('019aaaaa-0000-7000-8000-00000000000a', 'image', '019aaaaa-0000-7000-8000-0000000000e1');
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-00000000000a', 1, 'env:old', 'key-1', 'portrait', 'complete', '{"kind":"portrait","workflow":"portrait","version":1,"seed":18446744073709551615,"variants":[],"media":["image"],"words":"a\u0000b"}', 0, true, false, 'https://example.com/hook', 'request-a', NULL, '2026-01-01', '2026-01-01 12:00:00+00', '2026-01-01 13:00:00+00', '2026-01-01 12:00:00+00', NULL, NULL, 2, NULL, NULL, false, '2026-01-01 12:00:01+00', '2026-01-01 12:00:21+00', '{"value":1}', '{"model":"flux-schnell","prompt":"a viking"}', NULL, '019aaaaa-0000-7000-8000-0000000000f1', '', false, NULL, NULL, NULL);
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-00000000000b', 2, 'env:old', 'key-1', 'tts', 'failed', '{"kind":"tts","workflow":"tts","version":1,"seed":7,"variants":[],"media":[]}', 0, false, false, NULL, 'request-b', NULL, '2026-01-01', '2026-01-01 12:01:00+00', '2026-01-01 13:01:00+00', '2026-01-01 12:01:00+00', NULL, NULL, 1, NULL, NULL, false, '2026-01-01 12:01:01+00', '2026-01-01 12:01:03+00', NULL, NULL, '{"code":"backend_crashed","message":"It died."}', NULL, '', false, NULL, NULL, NULL);
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-00000000000c', 3, 'env:old', 'key-1', 'tts', 'running', '{"kind":"tts","workflow":"tts","version":1,"seed":7,"variants":[],"media":[]}', 0, false, true, NULL, 'request-c', '019aaaaa-0000-7000-8000-00000000000b', '2026-01-01', '2026-01-01 12:02:00+00', '2026-01-01 13:02:00+00', '2026-01-01 12:02:00+00', NULL, NULL, 1, 'worker-1', '2026-01-01 12:02:15+00', true, '2026-01-01 12:02:01+00', NULL, '{"value":0.5}', NULL, NULL, NULL, '', false, NULL, NULL, NULL);
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-00000000000d', 4, 'env:other', 'key-2', 'image', 'pending', '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', 0, true, false, NULL, 'request-d', NULL, NULL, '2026-01-01 12:03:00+00', '2026-01-01 13:03:00+00', '2026-01-01 12:03:30+00', 'No backend has the model.', NULL, 3, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, NULL, '', true, NULL, NULL, NULL);
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-000000000010', 5, 'env:old', 'key-1', 'image', 'pending', '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', 5, true, false, NULL, 'request-e', NULL, NULL, '2026-01-01 12:04:00+00', '2026-01-01 13:04:00+00', '2026-01-01 12:04:30+00', 'Busy.', NULL, 0, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, NULL, 'image/', true, '019aaaaa-0000-7000-8000-0000000000ba', '{"project":"x"}', '{019aaaaa-0000-7000-8000-0000000000aa}');
INSERT INTO comfy.jobs OVERRIDING SYSTEM VALUE VALUES ('019aaaaa-0000-7000-8000-000000000011', 6, 'env:old', 'key-1', 'image', 'cancelled', '{"kind":"image","workflow":"image","version":1,"seed":9,"variants":[],"media":[]}', 0, true, false, NULL, 'request-f', NULL, NULL, '2026-01-01 12:05:00+00', '2026-01-01 13:05:00+00', '2026-01-01 12:05:00+00', NULL, NULL, 0, NULL, NULL, false, NULL, '2026-01-01 12:05:10+00', NULL, NULL, '{"code":"cancelled","message":"Cancelled."}', NULL, 'image/', false, NULL, NULL, NULL);
INSERT INTO comfy.link_keys VALUES ('k1', '\x00ff10', '2026-01-01 11:00:00+00');
INSERT INTO comfy.migrations VALUES ('0001-jobs', 'ba0e494c64d0fd4ff7a0c360f174027b9bcfbb4268c83df32a655e6a43b1e90c', '2026-11-25 17:23:23.999518+00');
INSERT INTO comfy.migrations VALUES ('0002-assets', '3635e6d9fb67014cf057cb341094cc6bb7a5f224e89a2f0b7f11c8edcedf93d0', '2026-11-25 17:23:24.057228+00');
INSERT INTO comfy.migrations VALUES ('0003-many-workers', '6045b32d05f4f29c4d9b12ec7c03b924a6aedc752bda1ba434f624cfeebda815', '2026-11-25 17:23:24.190054+00');
INSERT INTO comfy.migrations VALUES ('0004-webhooks', 'f927f305104618af6dc1879ccaf5898db586ad2db555202d543199ee0db30793', '2026-11-25 17:23:24.241061+00');
INSERT INTO comfy.migrations VALUES ('0005-stream-tickets', '65866d0442187dbf7c128d77fe105c86ce6db94f45740ea2b778c1b49fdb200e', '2026-11-25 17:23:24.258184+00');
INSERT INTO comfy.orphan_prompts VALUES ('gpu-1', '019aaaaa-0000-7000-8000-0000000000a1', '2026-01-02 12:00:00+00', '');
INSERT INTO comfy.outbox VALUES ('019aaaaa-0000-7000-8000-0000000000d1', '019aaaaa-0000-7000-8000-00000000000a', 'env:old', 'https://example.com/hook', 1, '2026-01-01 12:05:21+00', NULL, '2026-01-01 12:00:21+00', NULL, NULL, '2026-01-01 12:00:21+00', NULL, 'job.completed', '608952b242b6678ff999132ae5ace476', 0, NULL);
INSERT INTO comfy.outbox VALUES ('019aaaaa-0000-7000-8000-0000000000d2', '019aaaaa-0000-7000-8000-00000000000b', 'env:old', NULL, 9, NULL, NULL, NULL, NULL, '2026-01-02 12:01:00+00', '2026-01-01 12:01:03+00', '019aaaaa-0000-7000-8000-0000000000ca', 'job.failed', '019aaaaa-0000-7000-8000-0000000000ca', 9, 'It was gone.');
INSERT INTO comfy.outbox VALUES ('019aaaaa-0000-7000-8000-0000000000d3', NULL, 'env:old', NULL, 0, '2026-01-01 12:06:00+00', NULL, NULL, NULL, NULL, '2026-01-01 12:06:00+00', '019aaaaa-0000-7000-8000-0000000000ca', 'test', '019aaaaa-0000-7000-8000-0000000000ca', 0, NULL);
INSERT INTO comfy.owner_queue VALUES ('env:old', 2, 1, 1, 3.5, false, NULL);
INSERT INTO comfy.owner_queue VALUES ('env:other', NULL, 0, 2, 1, true, NULL);
INSERT INTO comfy.settings VALUES ('deployment_id', '019aaaaa-0000-7000-8000-000000000001', '2026-11-25 17:23:24.07914+00');
INSERT INTO comfy.stream_tickets VALUES ('ticket-1', '019aaaaa-0000-7000-8000-00000000000c', '{"ownerId": "env:old"}', '2026-01-01 12:03:00+00');
INSERT INTO comfy.usage VALUES ('019aaaaa-0000-7000-8000-00000000000a', 'env:old', 'key-1', 'portrait', 'complete', 2, 1000, 20000, false, '2026-01-01 12:00:21+00');
INSERT INTO comfy.usage VALUES ('019aaaaa-0000-7000-8000-00000000000b', 'env:old', 'key-1', 'tts', 'failed', 1, 1000, 2000, true, '2026-01-01 12:01:03+00');
INSERT INTO comfy.usage VALUES ('019aaaaa-0000-7000-8000-000000000011', 'env:old', 'key-1', 'image', 'cancelled', 0, 10000, 0, true, '2026-01-01 12:05:10+00');
INSERT INTO comfy.used_signatures VALUES ('signature-1', '2026-01-01 12:05:00+00');
INSERT INTO comfy.webhook_endpoints VALUES ('019aaaaa-0000-7000-8000-0000000000ca', 'env:old', 1, 'https://example.com/all', '{job.completed,job.failed}', 'All of it', true, NULL, 2, '{"2026-01-01 12:00:00+00"}', 1, '2026-01-01 12:01:00+00', '2026-01-01 10:00:00+00', '2026-01-01 12:00:00+00', 'hash-3', 'body-3');
INSERT INTO comfy.webhook_endpoints VALUES ('019aaaaa-0000-7000-8000-0000000000cb', 'env:old', 2, 'https://example.com/gone', '{job.cancelled}', NULL, false, 'gone', 1, '{}', 0, NULL, '2026-01-01 10:00:00+00', '2026-01-01 12:00:00+00', NULL, NULL);
SELECT pg_catalog.setval('comfy.jobs_seq_seq', 6, true);
ALTER TABLE ONLY comfy.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.attempts
    ADD CONSTRAINT attempts_job_id_n_key UNIQUE (job_id, n);
ALTER TABLE ONLY comfy.attempts
    ADD CONSTRAINT attempts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.backend_leases
    ADD CONSTRAINT backend_leases_pkey PRIMARY KEY (backend_id);
ALTER TABLE ONLY comfy.batches
    ADD CONSTRAINT batches_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.blobs
    ADD CONSTRAINT blobs_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY comfy.delivery_tries
    ADD CONSTRAINT delivery_tries_pkey PRIMARY KEY (outbox_id, n);
ALTER TABLE ONLY comfy.generations_per_day
    ADD CONSTRAINT generations_per_day_pkey PRIMARY KEY (owner_id, day);
ALTER TABLE ONLY comfy.holders
    ADD CONSTRAINT holders_pkey PRIMARY KEY (holder);
ALTER TABLE ONLY comfy.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (owner_id, surface, key_hash);
ALTER TABLE ONLY comfy.job_inputs
    ADD CONSTRAINT job_inputs_pkey PRIMARY KEY (job_id, slot);
ALTER TABLE ONLY comfy.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.link_keys
    ADD CONSTRAINT link_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.orphan_prompts
    ADD CONSTRAINT orphan_prompts_pkey PRIMARY KEY (prompt_id);
ALTER TABLE ONLY comfy.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY comfy.owner_queue
    ADD CONSTRAINT owner_queue_pkey PRIMARY KEY (owner_id);
ALTER TABLE ONLY comfy.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (name);
ALTER TABLE ONLY comfy.stream_tickets
    ADD CONSTRAINT stream_tickets_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY comfy.usage
    ADD CONSTRAINT usage_pkey PRIMARY KEY (job_id);
ALTER TABLE ONLY comfy.used_signatures
    ADD CONSTRAINT used_signatures_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY comfy.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_owner_id_idempotency_hash_key UNIQUE (owner_id, idempotency_hash);
ALTER TABLE ONLY comfy.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_owner_id_slot_key UNIQUE (owner_id, slot);
ALTER TABLE ONLY comfy.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);
CREATE INDEX assets_of_blob ON comfy.assets USING btree (sha256);
CREATE UNIQUE INDEX assets_of_job ON comfy.assets USING btree (job_id, "position") WHERE (job_id IS NOT NULL);
CREATE INDEX assets_of_owner ON comfy.assets USING btree (owner_id, id DESC);
CREATE UNIQUE INDEX attempts_one_live ON comfy.attempts USING btree (job_id) WHERE (ended_at IS NULL);
CREATE INDEX backend_leases_of_holder ON comfy.backend_leases USING btree (holder);
CREATE INDEX blobs_untouched ON comfy.blobs USING btree (touched_at);
CREATE INDEX idempotency_keys_age ON comfy.idempotency_keys USING btree (created_at);
CREATE INDEX job_inputs_of_asset ON comfy.job_inputs USING btree (asset_id);
CREATE INDEX jobs_deadline ON comfy.jobs USING btree (deadline_at) WHERE (completed_at IS NULL);
CREATE INDEX jobs_held ON comfy.jobs USING btree (owner_id) WHERE (lease_holder IS NOT NULL);
CREATE INDEX jobs_metadata ON comfy.jobs USING gin (metadata_pairs) WHERE (metadata_pairs IS NOT NULL);
CREATE INDEX jobs_of_batch ON comfy.jobs USING btree (batch_id, seq DESC) WHERE (batch_id IS NOT NULL);
CREATE INDEX jobs_of_owner ON comfy.jobs USING btree (owner_id, seq DESC);
CREATE INDEX jobs_postponed ON comfy.jobs USING btree (run_after) WHERE ((completed_at IS NULL) AND (lease_holder IS NULL) AND is_postponed);
CREATE UNIQUE INDEX jobs_retry_of ON comfy.jobs USING btree (retry_of) WHERE (retry_of IS NOT NULL);
CREATE INDEX jobs_waiting ON comfy.jobs USING btree (owner_id, needs, priority DESC, seq) WHERE ((completed_at IS NULL) AND (lease_holder IS NULL) AND (NOT is_postponed));
CREATE INDEX orphan_prompts_of_backend ON comfy.orphan_prompts USING btree (backend_id, until);
CREATE INDEX outbox_due ON comfy.outbox USING btree (due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX outbox_due_by_target ON comfy.outbox USING btree (target, due_at) WHERE (due_at IS NOT NULL);
CREATE INDEX outbox_of_endpoint ON comfy.outbox USING btree (endpoint_id, id DESC) WHERE (endpoint_id IS NOT NULL);
CREATE UNIQUE INDEX outbox_once ON comfy.outbox USING btree (job_id, endpoint_id) NULLS NOT DISTINCT WHERE (job_id IS NOT NULL);
CREATE INDEX outbox_settled ON comfy.outbox USING btree (created_at) WHERE (due_at IS NULL);
CREATE INDEX outbox_to_repeat ON comfy.outbox USING btree (target) WHERE ((due_at IS NOT NULL) AND (holder IS NULL) AND (first_tried_at IS NOT NULL));
CREATE INDEX outbox_under_way ON comfy.outbox USING btree (owner_id, target) WHERE (holder IS NOT NULL);
CREATE INDEX owner_queue_waiting ON comfy.owner_queue USING btree (vtime) WHERE has_waiting;
CREATE INDEX stream_tickets_expired ON comfy.stream_tickets USING btree (expires_at);
CREATE INDEX usage_of_owner ON comfy.usage USING btree (owner_id, ended_at DESC);
CREATE INDEX used_signatures_expiry ON comfy.used_signatures USING btree (expires_at);
CREATE TRIGGER ended_jobs_are_immutable BEFORE UPDATE ON comfy.jobs FOR EACH ROW WHEN ((old.completed_at IS NOT NULL)) EXECUTE FUNCTION comfy.refuse_change_of_ended_job();
ALTER TABLE ONLY comfy.assets
    ADD CONSTRAINT assets_job_id_fkey FOREIGN KEY (job_id) REFERENCES comfy.jobs(id);
ALTER TABLE ONLY comfy.assets
    ADD CONSTRAINT assets_sha256_fkey FOREIGN KEY (sha256) REFERENCES comfy.blobs(sha256);
ALTER TABLE ONLY comfy.attempts
    ADD CONSTRAINT attempts_job_id_fkey FOREIGN KEY (job_id) REFERENCES comfy.jobs(id);
ALTER TABLE ONLY comfy.delivery_tries
    ADD CONSTRAINT delivery_tries_outbox_id_fkey FOREIGN KEY (outbox_id) REFERENCES comfy.outbox(id) ON DELETE CASCADE;
ALTER TABLE ONLY comfy.job_inputs
    ADD CONSTRAINT job_inputs_asset_id_fkey FOREIGN KEY (asset_id) REFERENCES comfy.assets(id);
ALTER TABLE ONLY comfy.job_inputs
    ADD CONSTRAINT job_inputs_job_id_fkey FOREIGN KEY (job_id) REFERENCES comfy.jobs(id);
ALTER TABLE ONLY comfy.jobs
    ADD CONSTRAINT jobs_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES comfy.batches(id);
ALTER TABLE ONLY comfy.jobs
    ADD CONSTRAINT jobs_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES comfy.jobs(id);
ALTER TABLE ONLY comfy.outbox
    ADD CONSTRAINT outbox_job_id_fkey FOREIGN KEY (job_id) REFERENCES comfy.jobs(id);
ALTER TABLE ONLY comfy.usage
    ADD CONSTRAINT usage_job_id_fkey FOREIGN KEY (job_id) REFERENCES comfy.jobs(id);
