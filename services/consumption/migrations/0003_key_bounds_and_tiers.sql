-- Tiers as data, secrets of keys in generations, and what else bounds a key. Columns of `keys` that are not read any
-- more stay until no process of the version before runs.

CREATE TABLE tiers (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,39}$'),
    requests_per_second double precision NOT NULL CHECK (requests_per_second BETWEEN 10 AND 1000),
    burst double precision NOT NULL CHECK (burst BETWEEN 1 AND 10000),
    tokens_per_minute bigint CHECK (tokens_per_minute > 0),
    max_concurrency integer CHECK (max_concurrency > 0),
    monthly_tokens bigint CHECK (monthly_tokens >= 0),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
COMMENT ON TABLE tiers IS 'how fast and how much keys of a tier may call at most; null: no such bound';
INSERT INTO tiers (name, requests_per_second, burst, changed_at, changed_by) VALUES
    ('standard', 10, 20, now(), 'consumption'),
    ('premium', 100, 200, now(), 'consumption'),
    ('enterprise', 1000, 2000, now(), 'consumption');
GRANT SELECT ON tiers TO consumption_runtime;
GRANT SELECT, INSERT, UPDATE ON tiers TO consumption_worker;

-- The owner of a table under forced row security sees no row of it: lifted for what is copied below.
ALTER TABLE keys NO FORCE ROW LEVEL SECURITY;
ALTER TABLE limits NO FORCE ROW LEVEL SECURITY;

ALTER TABLE keys
    ALTER COLUMN digest DROP NOT NULL,
    ALTER COLUMN secret_hash DROP NOT NULL,
    ADD COLUMN permissions text[] NOT NULL DEFAULT '{call,models:read}',
    ADD COLUMN allowed_models text[] NOT NULL DEFAULT '{}',
    ADD COLUMN requests_per_second double precision CHECK (requests_per_second > 0),
    ADD COLUMN tokens_per_minute bigint CHECK (tokens_per_minute > 0),
    ADD COLUMN monthly_tokens bigint CHECK (monthly_tokens >= 0),
    ADD COLUMN access_request_id text UNIQUE,
    ADD COLUMN revision integer NOT NULL DEFAULT 0,
    ADD FOREIGN KEY (tier) REFERENCES tiers (name);
COMMENT ON COLUMN keys.monthly_tokens IS 'the key''s own wish; limits.amount is the lesser of it and its tier''s';
UPDATE keys k SET monthly_tokens = l.amount FROM limits l WHERE l.scope_id = 'key:' || k.key_id || ':tokens';
CREATE INDEX keys_by_tier ON keys (tier);

-- At most two secrets of a key work: the newest, and the one before it until `ends_at`.
CREATE TABLE key_secrets (
    digest bytea PRIMARY KEY,
    key_id text NOT NULL REFERENCES keys (key_id),
    team_id text NOT NULL,
    generation integer NOT NULL CHECK (generation >= 1),
    proof_hash text,
    made_at timestamptz NOT NULL,
    ends_at timestamptz,
    UNIQUE (key_id, generation)
);
COMMENT ON COLUMN key_secrets.digest IS 'HMAC-SHA256(pepper, key): finds the row';
COMMENT ON COLUMN key_secrets.proof_hash IS
    'Argon2id of HMAC-SHA256(pepper, "proof" NUL key), checked at first sight; null: made before there were proofs';
INSERT INTO key_secrets (digest, key_id, team_id, generation, made_at)
    SELECT digest, key_id, team_id, 1, created_at FROM keys;

ALTER TABLE keys FORCE ROW LEVEL SECURITY;
ALTER TABLE limits FORCE ROW LEVEL SECURITY;
ALTER TABLE key_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE key_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON key_secrets TO consumption_runtime
    USING (team_id = current_setting('marketplace.tenant', true))
    WITH CHECK (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON key_secrets TO consumption_worker USING (true);

-- The role that serves people writes digests and hashes and can read none.
GRANT INSERT ON key_secrets TO consumption_runtime;
GRANT SELECT (key_id, team_id, generation, made_at, ends_at), UPDATE (ends_at) ON key_secrets TO consumption_runtime;
GRANT SELECT ON key_secrets TO consumption_worker;

-- What the platform and whole teams may use is set across teams, never by a team's own people.
CREATE POLICY people_and_keys_on_entry ON limits AS RESTRICTIVE FOR INSERT TO consumption_runtime
    WITH CHECK (kind IN ('user', 'key'));
CREATE POLICY people_and_keys_on_change ON limits AS RESTRICTIVE FOR UPDATE TO consumption_runtime
    USING (kind IN ('user', 'key')) WITH CHECK (kind IN ('user', 'key'));
