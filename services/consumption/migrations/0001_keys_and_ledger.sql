-- Keys, limits, balances, leases, prices and usage. Tenant rows carry team_id under forced row security: the runtime
-- role sees one team, the worker role (settlement, leases, key look-up) sees all.

CREATE TABLE keys (
    key_id text PRIMARY KEY,
    team_id text NOT NULL,
    team_slug text NOT NULL,
    account_id text NOT NULL,
    name text NOT NULL,
    hint text NOT NULL,
    digest bytea NOT NULL UNIQUE,
    secret_hash text NOT NULL,
    tier text NOT NULL,
    allowed_listings text[] NOT NULL DEFAULT '{}',
    max_concurrency integer,
    state text NOT NULL CHECK (state IN ('active', 'revoked')),
    expires_at timestamptz,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX keys_by_team ON keys (team_id, created_at DESC, key_id);

-- What a scope may use in a calendar month, UTC. scope_id names subject and unit: `key:key_0198...:tokens`.
CREATE TABLE limits (
    scope_id text PRIMARY KEY,
    team_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('platform', 'team', 'user', 'key')),
    subject_id text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('tokens', 'nanodollars')),
    amount bigint CHECK (amount >= 0)
);
COMMENT ON COLUMN limits.amount IS 'null: no limit any more';
CREATE INDEX limits_by_subject ON limits (subject_id);

-- settled + leased + unknown <= the limit, always, except for what a vendor billed beyond a reservation (overdraft).
CREATE TABLE balances (
    scope_id text NOT NULL REFERENCES limits (scope_id),
    period_start timestamptz NOT NULL,
    period_end timestamptz NOT NULL,
    team_id text NOT NULL,
    settled bigint NOT NULL DEFAULT 0 CHECK (settled >= 0),
    leased bigint NOT NULL DEFAULT 0 CHECK (leased >= 0),
    unknown bigint NOT NULL DEFAULT 0 CHECK (unknown >= 0),
    overdraft bigint NOT NULL DEFAULT 0 CHECK (overdraft >= 0),
    PRIMARY KEY (scope_id, period_start)
);

CREATE TABLE lease_holders (
    holder text PRIMARY KEY,
    first_seen_at timestamptz NOT NULL,
    sealed_at timestamptz
);

CREATE TABLE leases (
    holder text NOT NULL REFERENCES lease_holders (holder),
    scope_id text NOT NULL,
    period_start timestamptz NOT NULL,
    amount bigint NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (holder, scope_id, period_start),
    FOREIGN KEY (scope_id, period_start) REFERENCES balances (scope_id, period_start)
);

-- Answers to lease requests, so that a repeated request gets the same one.
CREATE TABLE lease_answers (
    holder text NOT NULL,
    request_id text NOT NULL,
    answer jsonb NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (holder, request_id)
);

CREATE TABLE lease_returns (
    return_id text PRIMARY KEY,
    returned_at timestamptz NOT NULL
);

CREATE TABLE prices (
    price_id text PRIMARY KEY,
    listing_id text NOT NULL,
    listing_version_id text NOT NULL,
    model text NOT NULL,
    input_nanodollars_per_million bigint CHECK (input_nanodollars_per_million >= 0),
    output_nanodollars_per_million bigint CHECK (output_nanodollars_per_million >= 0),
    effective_from timestamptz NOT NULL,
    UNIQUE (listing_version_id, effective_from)
);

CREATE TABLE usage_rows (
    call_id text NOT NULL,
    started_at timestamptz NOT NULL,
    team_id text NOT NULL,
    account_id text NOT NULL,
    key_id text NOT NULL,
    listing_id text NOT NULL,
    listing_version_id text NOT NULL,
    listing_name text NOT NULL,
    listing_version text NOT NULL,
    provider text NOT NULL,
    model text NOT NULL,
    prompt_tokens bigint NOT NULL CHECK (prompt_tokens >= 0),
    cached_prompt_tokens bigint NOT NULL DEFAULT 0 CHECK (cached_prompt_tokens >= 0),
    completion_tokens bigint NOT NULL CHECK (completion_tokens >= 0),
    cost_nanodollars bigint CHECK (cost_nanodollars >= 0),
    price_id text NOT NULL,
    outcome text NOT NULL,
    estimated boolean NOT NULL,
    streamed boolean NOT NULL,
    status integer NOT NULL,
    duration_microseconds bigint NOT NULL,
    first_byte_microseconds bigint,
    charges jsonb NOT NULL,
    holder text NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (call_id, started_at)
) PARTITION BY RANGE (started_at);
CREATE TABLE usage_rows_rest PARTITION OF usage_rows DEFAULT;
CREATE INDEX usage_by_team ON usage_rows (team_id, started_at DESC);

-- One partition a month, made ahead by the worker; dropping a month is dropping its table.
CREATE FUNCTION ensure_usage_partition(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = consumption, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    name text := format('usage_rows_%s', to_char(first_day, 'YYYY_MM'));
BEGIN
    IF to_regclass(name) IS NULL THEN
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF usage_rows FOR VALUES FROM (%L) TO (%L)',
            name, first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
        );
    END IF;
END $$;
SELECT ensure_usage_partition(current_date), ensure_usage_partition((current_date + interval '1 month')::date);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['keys', 'limits', 'balances', 'usage_rows'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY own_team ON %I TO consumption_runtime USING (team_id = current_setting(''marketplace.tenant'', true))'
            ' WITH CHECK (team_id = current_setting(''marketplace.tenant'', true))', tenant_table);
        EXECUTE format('CREATE POLICY all_teams ON %I TO consumption_worker USING (true) WITH CHECK (true)', tenant_table);
    END LOOP;
END $$;

GRANT SELECT, INSERT, UPDATE ON keys, limits TO consumption_runtime, consumption_worker;
GRANT SELECT ON balances, usage_rows TO consumption_runtime;
GRANT SELECT, INSERT, UPDATE ON balances, lease_holders, leases, lease_answers, lease_returns, usage_rows TO consumption_worker;
GRANT DELETE ON leases, lease_answers TO consumption_worker;
GRANT SELECT ON prices TO consumption_runtime;
GRANT SELECT, INSERT ON prices TO consumption_worker;
GRANT SELECT ON schema_migrations TO consumption_runtime, consumption_worker;
REVOKE ALL ON FUNCTION ensure_usage_partition(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ensure_usage_partition(date) TO consumption_worker;
