-- Requests for a key to one listing, and the listings that may be asked for, as publishing's facts tell of them.

CREATE TABLE askable_listings (
    listing_id text PRIMARY KEY,
    team_id text NOT NULL,
    full_name text NOT NULL,
    visibility text NOT NULL,
    state text NOT NULL,
    revision bigint NOT NULL
);
CREATE INDEX askable_listings_by_name ON askable_listings (full_name);
ALTER TABLE askable_listings ENABLE ROW LEVEL SECURITY;
ALTER TABLE askable_listings FORCE ROW LEVEL SECURITY;
-- Private: its team alone. Otherwise anyone signed in.
CREATE POLICY what_may_be_seen ON askable_listings FOR SELECT TO consumption_runtime
    USING (visibility IN ('workspace', 'public') OR team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON askable_listings TO consumption_worker USING (true) WITH CHECK (true);
GRANT SELECT ON askable_listings TO consumption_runtime;
GRANT SELECT, INSERT, UPDATE ON askable_listings TO consumption_worker;

CREATE TABLE access_requests (
    request_id text PRIMARY KEY,
    team_id text NOT NULL,
    team_slug text NOT NULL,
    account_id text NOT NULL,
    listing_id text NOT NULL,
    listing_name text NOT NULL,
    listing_team_id text NOT NULL,
    purpose text NOT NULL,
    monthly_tokens bigint CHECK (monthly_tokens >= 0),
    monthly_nanodollars bigint CHECK (monthly_nanodollars >= 0),
    expires_at timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    idempotency_key text,
    state text NOT NULL DEFAULT 'pending'
        CHECK (state IN ('pending', 'approved', 'refused', 'withdrawn', 'collected')),
    decided_at timestamptz,
    decided_by text,
    comment text,
    key_id text UNIQUE REFERENCES keys (key_id),
    collected_at timestamptz,
    UNIQUE (team_id, account_id, idempotency_key)
);
-- One open request of a person for a listing: the same wish again is the same request.
CREATE UNIQUE INDEX one_open_request ON access_requests (team_id, account_id, listing_id) WHERE state = 'pending';
CREATE INDEX access_requests_newest ON access_requests (team_id, requested_at DESC, request_id DESC);
ALTER TABLE access_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_requests FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON access_requests TO consumption_runtime
    USING (team_id = current_setting('marketplace.tenant', true))
    WITH CHECK (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON access_requests TO consumption_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON access_requests TO consumption_runtime;
-- Its own people withdraw and collect; only what admin decided says approved or refused.
GRANT UPDATE (state, collected_at) ON access_requests TO consumption_runtime;
CREATE POLICY no_decision_of_their_own ON access_requests AS RESTRICTIVE FOR UPDATE TO consumption_runtime
    WITH CHECK (state IN ('withdrawn', 'collected'));
GRANT SELECT, UPDATE ON access_requests TO consumption_worker;
GRANT SELECT, INSERT, UPDATE ON keys, limits TO consumption_worker;
