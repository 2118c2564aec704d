-- What was called and what it cost, by day; filled by the worker out of the usage events, each taken once.

CREATE TABLE usage_daily (
    day date NOT NULL,
    team_id text NOT NULL,
    account_id text NOT NULL,
    key_id text NOT NULL,
    listing_id text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    listing_name text NOT NULL,
    calls bigint NOT NULL,
    failed_calls bigint NOT NULL,
    estimated_calls bigint NOT NULL,
    unknown_calls bigint NOT NULL,
    unpriced_calls bigint NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    -- Of the priced calls alone.
    cost_nanodollars numeric(38, 0) NOT NULL,
    duration_microseconds numeric(38, 0) NOT NULL,
    PRIMARY KEY (day, team_id, account_id, key_id, listing_id, model, provider)
);
CREATE INDEX usage_daily_by_team ON usage_daily (team_id, day);

-- How many calls fell into each step of the latency scale (admin/analytics/histogram.py).
CREATE TABLE latency_daily (
    day date NOT NULL,
    team_id text NOT NULL,
    listing_id text NOT NULL,
    step smallint NOT NULL,
    calls bigint NOT NULL,
    PRIMARY KEY (day, team_id, listing_id, step)
);
CREATE INDEX latency_daily_by_team ON latency_daily (team_id, day);

CREATE TABLE listing_states (
    listing_id text PRIMARY KEY,
    team_id text NOT NULL,
    full_name text NOT NULL,
    state text NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX listing_states_by_team ON listing_states (team_id, state);

ALTER TABLE usage_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE usage_daily FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON usage_daily TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON usage_daily TO admin_worker USING (true) WITH CHECK (true);

ALTER TABLE latency_daily ENABLE ROW LEVEL SECURITY;
ALTER TABLE latency_daily FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON latency_daily TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON latency_daily TO admin_worker USING (true) WITH CHECK (true);

ALTER TABLE listing_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE listing_states FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON listing_states TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON listing_states TO admin_worker USING (true) WITH CHECK (true);

GRANT SELECT ON usage_daily, latency_daily, listing_states TO admin_runtime;
GRANT SELECT, INSERT, UPDATE ON usage_daily, latency_daily, listing_states TO admin_worker;
