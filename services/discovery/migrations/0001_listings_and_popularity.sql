-- What can be found, how much it is used, and what people say of it. The in-process index follows `listings` by its
-- change numbers. The runtime role sees what its viewer may see; the worker role sees all.

CREATE SEQUENCE listing_changes;

CREATE TABLE listings (
    listing_id text PRIMARY KEY,
    team_id text NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('private', 'workspace', 'public')),
    state text NOT NULL,
    revision bigint NOT NULL,
    snapshot bytea NOT NULL,
    popularity double precision NOT NULL DEFAULT 0 CHECK (popularity >= 0),
    rating_average double precision CHECK (rating_average BETWEEN 1 AND 5),
    rating_count integer NOT NULL DEFAULT 0,
    vector_model text,
    vector_digest bytea,
    vectors bytea,
    known_at timestamptz NOT NULL,
    change bigint NOT NULL UNIQUE
);
COMMENT ON COLUMN listings.snapshot IS 'marketplace.events.v1.ListingSnapshot; a row that left search stays, so that nothing older brings it back';
COMMENT ON COLUMN listings.vectors IS 'float32 rows of the passages whose SHA-256 is vector_digest';
COMMENT ON COLUMN listings.known_at IS 'the time of the fact';

-- Whoever changes listings calls this first in its transaction: numbers are then taken in the order of commits, so
-- a reader that goes on after the highest number it saw misses nothing.
CREATE FUNCTION begin_change() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('discovery/listings', 0));
    PERFORM pg_notify('discovery_listings', '');
END $$;

-- Decayed use of all time; `spread_popularity` carries it to the listings.
CREATE TABLE popularity (
    listing_id text PRIMARY KEY,
    score double precision NOT NULL,
    as_of timestamptz NOT NULL
);

-- Use by the hour, for what is trending.
CREATE TABLE activity (
    listing_id text NOT NULL,
    hour timestamptz NOT NULL,
    weight double precision NOT NULL,
    PRIMARY KEY (listing_id, hour)
);
CREATE INDEX activity_by_hour ON activity (hour);

-- One a day for each account, listing and kind: looking often counts once.
CREATE TABLE interactions (
    account_id text NOT NULL,
    listing_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('view', 'click')),
    day date NOT NULL,
    team_id text NOT NULL,
    first_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, listing_id, kind, day)
);
CREATE INDEX interactions_by_day ON interactions (day);

CREATE TABLE ratings (
    listing_id text NOT NULL,
    version_id text NOT NULL,
    account_id text NOT NULL,
    team_id text NOT NULL,
    stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
    review text NOT NULL DEFAULT '',
    rated_at timestamptz NOT NULL,
    PRIMARY KEY (listing_id, version_id, account_id)
);

ALTER TABLE listings ENABLE ROW LEVEL SECURITY;
ALTER TABLE listings FORCE ROW LEVEL SECURITY;
ALTER TABLE interactions ENABLE ROW LEVEL SECURITY;
ALTER TABLE interactions FORCE ROW LEVEL SECURITY;
ALTER TABLE ratings ENABLE ROW LEVEL SECURITY;
ALTER TABLE ratings FORCE ROW LEVEL SECURITY;

CREATE POLICY everybody ON listings FOR SELECT TO discovery_runtime USING (visibility = 'public');
CREATE POLICY workspace ON listings FOR SELECT TO discovery_runtime
    USING (visibility = 'workspace' AND current_setting('discovery.signed_in', true) = 'yes');
CREATE POLICY own_team ON listings FOR SELECT TO discovery_runtime
    USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON listings TO discovery_worker USING (true) WITH CHECK (true);
CREATE POLICY own_team ON interactions TO discovery_runtime
    USING (team_id = current_setting('marketplace.tenant', true))
    WITH CHECK (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON interactions TO discovery_worker USING (true) WITH CHECK (true);
CREATE POLICY all_teams ON ratings TO discovery_worker USING (true) WITH CHECK (true);

GRANT SELECT ON listings TO discovery_runtime;
GRANT SELECT, INSERT, UPDATE ON listings TO discovery_worker;
GRANT USAGE ON SEQUENCE listing_changes TO discovery_worker;
GRANT SELECT, INSERT ON interactions TO discovery_runtime;
GRANT SELECT, INSERT, UPDATE ON popularity, activity TO discovery_runtime, discovery_worker;
GRANT SELECT, DELETE ON interactions TO discovery_worker;
GRANT DELETE ON activity, popularity TO discovery_worker;
GRANT SELECT, INSERT, UPDATE ON ratings TO discovery_worker;
GRANT SELECT ON schema_migrations TO discovery_runtime, discovery_worker;
REVOKE ALL ON FUNCTION begin_change() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION begin_change() TO discovery_worker;
