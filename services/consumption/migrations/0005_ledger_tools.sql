-- What the ledger's tools need: by which limit grants were given, so that a limit that was lowered since breaks nothing.

ALTER TABLE balances ADD COLUMN granted_under bigint;
COMMENT ON COLUMN balances.granted_under IS
    'the highest limit that a grant of this month was given under; 2^62 where there was none; null: no grant yet';

-- The owner of a table under forced row security sees no row of it: lifted for what is filled in below.
ALTER TABLE balances NO FORCE ROW LEVEL SECURITY;
ALTER TABLE limits NO FORCE ROW LEVEL SECURITY;
-- What was granted before is taken as having been within its limit.
UPDATE balances b
    SET granted_under = greatest(coalesce(l.amount, 4611686018427387904), b.settled + b.leased + b.unknown - b.overdraft)
    FROM limits l WHERE l.scope_id = b.scope_id;
ALTER TABLE balances FORCE ROW LEVEL SECURITY;
ALTER TABLE limits FORCE ROW LEVEL SECURITY;

-- Which policies let a call in, for its explanation.
ALTER TABLE usage_rows ADD COLUMN policy_version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN usage_rows.policy_version IS '0: no policies were enforced, or the row is older than this column';

-- Where a price comes from.
ALTER TABLE prices ADD COLUMN source text NOT NULL DEFAULT 'listing' CHECK (source IN ('listing', 'admin', 'reference'));
COMMENT ON COLUMN prices.source IS
    'listing: its publisher said so; admin: set by the platform; reference: from a public list, so that it is an estimate';

-- Prices with effective dates: a later statement about the same moment stands beside the earlier one and goes before it.
ALTER TABLE prices
    DROP CONSTRAINT prices_listing_version_id_effective_from_key,
    ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN recorded_by text NOT NULL DEFAULT 'consumption',
    ADD COLUMN provider text NOT NULL DEFAULT '',
    ADD COLUMN upstream_model text NOT NULL DEFAULT '',
    ADD COLUMN reference_name text,
    ADD COLUMN reference_as_of date,
    ADD CHECK ((source = 'reference') = (reference_name IS NOT NULL AND reference_as_of IS NOT NULL));
COMMENT ON COLUMN prices.reference_name IS 'the public list and its version';
COMMENT ON COLUMN prices.reference_as_of IS 'when that version of the list came out';
UPDATE prices SET recorded_at = effective_from;
CREATE INDEX prices_in_order ON prices (listing_version_id, effective_from DESC, recorded_at DESC, price_id DESC);
CREATE INDEX prices_by_listing ON prices (listing_id, effective_from DESC, price_id DESC);

-- A price is seen by whoever may see its listing.
ALTER TABLE prices ENABLE ROW LEVEL SECURITY;
ALTER TABLE prices FORCE ROW LEVEL SECURITY;
CREATE POLICY of_listings_that_may_be_seen ON prices FOR SELECT TO consumption_runtime
    USING (EXISTS (SELECT FROM askable_listings a WHERE a.listing_id = prices.listing_id));
CREATE POLICY all_teams ON prices TO consumption_worker USING (true) WITH CHECK (true);

-- What models cost elsewhere, out of a public list: used where a listing states no price, and then as an estimate.
CREATE TABLE reference_prices (
    provider text NOT NULL,
    model text NOT NULL,
    input_nanodollars_per_million bigint NOT NULL CHECK (input_nanodollars_per_million >= 0),
    output_nanodollars_per_million bigint NOT NULL CHECK (output_nanodollars_per_million >= 0),
    reference_name text NOT NULL,
    as_of date NOT NULL,
    PRIMARY KEY (provider, model)
);
COMMENT ON COLUMN reference_prices.model IS 'in lower case, as vendors spell it; only whole names are matched';
GRANT SELECT, INSERT, DELETE ON reference_prices TO consumption_worker;

-- Past calls priced again: usage rows stay as they were counted, corrections stand beside them.
CREATE TABLE recalculations (
    run_id text PRIMARY KEY,
    request_id text NOT NULL UNIQUE,
    requested_by text NOT NULL,
    span_start timestamptz NOT NULL,
    span_end timestamptz NOT NULL CHECK (span_end > span_start),
    team_id text,
    listing_id text,
    model text,
    book_as_of timestamptz NOT NULL,
    calls_total bigint NOT NULL,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'completed')),
    place_team_id text NOT NULL DEFAULT '',
    place_started_at timestamptz,
    place_call_id text NOT NULL DEFAULT '',
    calls bigint NOT NULL DEFAULT 0,
    corrected bigint NOT NULL DEFAULT 0,
    without_price bigint NOT NULL DEFAULT 0,
    unknown_end bigint NOT NULL DEFAULT 0,
    difference numeric NOT NULL DEFAULT 0,
    completed_at timestamptz
);
COMMENT ON COLUMN recalculations.book_as_of IS 'when it was asked for: prices recorded later are not looked at';
CREATE INDEX recalculations_newest ON recalculations (book_as_of DESC, run_id DESC);
CREATE INDEX recalculations_running ON recalculations (book_as_of) WHERE state = 'running';
GRANT SELECT, INSERT, UPDATE ON recalculations TO consumption_worker;

CREATE TABLE corrections (
    call_id text NOT NULL,
    started_at timestamptz NOT NULL,
    run_id text NOT NULL REFERENCES recalculations (run_id),
    team_id text NOT NULL,
    listing_id text NOT NULL,
    listing_name text NOT NULL,
    model text NOT NULL,
    old_cost bigint CHECK (old_cost >= 0),
    new_cost bigint NOT NULL CHECK (new_cost >= 0),
    difference bigint NOT NULL,
    old_price_id text NOT NULL,
    new_price_id text NOT NULL,
    scopes jsonb NOT NULL,
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (call_id, started_at, run_id),
    CHECK (difference = new_cost - coalesce(old_cost, 0))
);
COMMENT ON COLUMN corrections.old_cost IS 'with the corrections before; null: it was unknown';
COMMENT ON COLUMN corrections.scopes IS 'by how much each scope of money is charged more or less, and in which month';
CREATE INDEX corrections_by_run ON corrections (run_id);
CREATE INDEX corrections_by_team ON corrections (team_id, started_at);
ALTER TABLE corrections ENABLE ROW LEVEL SECURITY;
ALTER TABLE corrections FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON corrections FOR SELECT TO consumption_runtime
    USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON corrections TO consumption_worker USING (true) WITH CHECK (true);
GRANT SELECT ON corrections TO consumption_runtime;
GRANT SELECT, INSERT ON corrections TO consumption_worker;

ALTER TABLE balances
    ADD COLUMN corrected bigint NOT NULL DEFAULT 0,
    ADD COLUMN corrected_up bigint NOT NULL DEFAULT 0 CHECK (corrected_up >= 0);
COMMENT ON COLUMN balances.corrected IS 'the sum of the corrections in settled';
COMMENT ON COLUMN balances.corrected_up IS
    'the sum of those upwards: besides overdraft the only way past a limit, for no grant was asked for them';
