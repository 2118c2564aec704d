-- How calls went, by listing version and minute; what a listing promises and is held to; where it fell short.

-- Listings as publishing's facts tell of them, with their promise.
CREATE TABLE sla_listings (
    listing_id text PRIMARY KEY,
    team_id text NOT NULL,
    full_name text NOT NULL,
    visibility text NOT NULL,
    promised_uptime_percent double precision,
    promised_latency_p95_ms double precision,
    revision bigint NOT NULL
);
ALTER TABLE sla_listings ENABLE ROW LEVEL SECURITY;
ALTER TABLE sla_listings FORCE ROW LEVEL SECURITY;
-- Private: its team alone. Otherwise anyone signed in.
CREATE POLICY what_may_be_seen ON sla_listings FOR SELECT TO consumption_runtime
    USING (visibility IN ('workspace', 'public') OR team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON sla_listings TO consumption_worker USING (true) WITH CHECK (true);

-- What a listing is held to; null: its promise, or nothing.
CREATE TABLE sla_targets (
    listing_id text PRIMARY KEY REFERENCES sla_listings (listing_id),
    team_id text NOT NULL,
    latency_p95_ms double precision CHECK (latency_p95_ms > 0),
    error_rate double precision CHECK (error_rate BETWEEN 0 AND 1),
    uptime_percent double precision CHECK (uptime_percent BETWEEN 0 AND 100),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);

-- Counts of the calls that ended in a minute. `vendor_faults` are those that the listing's vendor failed.
CREATE TABLE sla_minutes (
    listing_id text NOT NULL,
    listing_version_id text NOT NULL,
    minute timestamptz NOT NULL,
    succeeded bigint NOT NULL,
    caller_faults bigint NOT NULL,
    vendor_faults bigint NOT NULL,
    our_faults bigint NOT NULL,
    limited bigint NOT NULL,
    streamed bigint NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    added_microseconds bigint NOT NULL,
    PRIMARY KEY (listing_id, minute, listing_version_id)
);
COMMENT ON COLUMN sla_minutes.limited IS 'of the vendor''s faults, those with status 429';
COMMENT ON COLUMN sla_minutes.added_microseconds IS 'sum over the calls that were sent of what we added before';
CREATE INDEX sla_minutes_by_time ON sla_minutes (minute);

-- Durations of the calls that succeeded, counted in the buckets of consumption/sla/histograms.py. Minutes are kept for
-- the short windows, hours for the long ones.
CREATE TABLE sla_histograms (
    listing_id text NOT NULL,
    grain text NOT NULL CHECK (grain IN ('minute', 'hour')),
    begins_at timestamptz NOT NULL,
    totals bigint[] NOT NULL,
    first_bytes bigint[] NOT NULL,
    PRIMARY KEY (listing_id, grain, begins_at)
);
CREATE INDEX sla_histograms_by_time ON sla_histograms (grain, begins_at);

CREATE FUNCTION add_counts(a bigint[], b bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
    SELECT array_agg(coalesce(x, 0) + coalesce(y, 0) ORDER BY place)
    FROM unnest(a, b) WITH ORDINALITY AS counts (x, y, place)
$$;

-- Batches that were counted, so that the same one again is not.
CREATE TABLE sla_batches (
    batch_id text PRIMARY KEY,
    taken_at timestamptz NOT NULL
);
CREATE INDEX sla_batches_by_time ON sla_batches (taken_at);

-- Since when a figure has been on the other side of its target than what is noted; no row: it is not.
CREATE TABLE sla_turns (
    listing_id text NOT NULL REFERENCES sla_listings (listing_id),
    metric text NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (listing_id, metric)
);

CREATE TABLE sla_breaches (
    breach_id text PRIMARY KEY,
    listing_id text NOT NULL REFERENCES sla_listings (listing_id),
    metric text NOT NULL CHECK (metric IN ('latency_p95_ms', 'error_rate', 'uptime_percent')),
    measured_over text NOT NULL,
    target double precision NOT NULL,
    measured double precision NOT NULL,
    calls bigint NOT NULL,
    began_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK (ended_at >= began_at)
);
CREATE UNIQUE INDEX one_open_breach ON sla_breaches (listing_id, metric) WHERE ended_at IS NULL;
CREATE INDEX sla_breaches_newest ON sla_breaches (listing_id, began_at DESC);

-- Who may see a listing may see how it does: the policy of sla_listings holds inside these.
DO $$
DECLARE
    seen_table text;
BEGIN
    FOREACH seen_table IN ARRAY ARRAY['sla_targets', 'sla_minutes', 'sla_histograms', 'sla_breaches'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', seen_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', seen_table);
        EXECUTE format(
            'CREATE POLICY what_may_be_seen ON %I FOR SELECT TO consumption_runtime'
            ' USING (EXISTS (SELECT 1 FROM sla_listings l WHERE l.listing_id = %I.listing_id))', seen_table, seen_table);
        EXECUTE format('CREATE POLICY all_teams ON %I TO consumption_worker USING (true) WITH CHECK (true)', seen_table);
    END LOOP;
END $$;

-- A team says what its own listings are held to, and no other's.
CREATE POLICY own_listings_on_entry ON sla_targets FOR INSERT TO consumption_runtime
    WITH CHECK (team_id = current_setting('marketplace.tenant', true) AND EXISTS (
        SELECT 1 FROM sla_listings l WHERE l.listing_id = sla_targets.listing_id AND l.team_id = sla_targets.team_id));
CREATE POLICY own_listings_on_change ON sla_targets FOR UPDATE TO consumption_runtime
    USING (team_id = current_setting('marketplace.tenant', true))
    WITH CHECK (team_id = current_setting('marketplace.tenant', true) AND EXISTS (
        SELECT 1 FROM sla_listings l WHERE l.listing_id = sla_targets.listing_id AND l.team_id = sla_targets.team_id));

GRANT SELECT ON sla_listings, sla_targets, sla_minutes, sla_histograms, sla_breaches TO consumption_runtime;
GRANT INSERT, UPDATE ON sla_targets TO consumption_runtime;
GRANT SELECT, INSERT, UPDATE ON sla_listings, sla_targets, sla_minutes, sla_histograms, sla_breaches TO consumption_worker;
GRANT SELECT, INSERT, DELETE ON sla_batches TO consumption_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON sla_turns TO consumption_worker;
GRANT DELETE ON sla_minutes, sla_histograms TO consumption_worker;
