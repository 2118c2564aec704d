-- Who may sign in, and the teams that are the tenants. The runtime role sees one team at a time; the worker role, which
-- serves platform roles and signing in, sees all of them.

CREATE TABLE accounts (
    account_id text PRIMARY KEY,
    email text NOT NULL UNIQUE CHECK (email = lower(email)),
    display_name text NOT NULL,
    password_hash text NOT NULL,
    password_changed_at timestamptz NOT NULL,
    roles text[] NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'locked')),
    epoch bigint NOT NULL DEFAULT 1,
    epoch_advanced_at timestamptz,
    created_at timestamptz NOT NULL
);
CREATE INDEX accounts_by_epoch ON accounts (epoch_advanced_at) WHERE epoch_advanced_at IS NOT NULL;

CREATE TABLE teams (
    team_id text PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    settings jsonb NOT NULL DEFAULT '{}',
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'archived')),
    created_at timestamptz NOT NULL
);

CREATE TABLE team_members (
    team_id text NOT NULL REFERENCES teams,
    account_id text NOT NULL REFERENCES accounts,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_members_by_account ON team_members (account_id);

-- A session is a person's, not a team's: `active_team` is the tenant its tokens name.
CREATE TABLE sessions (
    session_id text PRIMARY KEY,
    account_id text NOT NULL REFERENCES accounts,
    active_team text,
    source text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text
);
CREATE INDEX sessions_by_account ON sessions (account_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Every refresh token a session ever had, as SHA-256 of 256 random bits: a used one that comes back was stolen.
CREATE TABLE refresh_tokens (
    token_hash text PRIMARY KEY,
    session_id text NOT NULL REFERENCES sessions ON DELETE CASCADE,
    issued_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- `*` stands for all accounts or all sources. Names are digests, so that what strangers type is not kept.
CREATE TABLE sign_in_attempts (
    account_key text NOT NULL,
    source text NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    last_at timestamptz NOT NULL,
    blocked_until timestamptz,
    PRIMARY KEY (account_key, source)
);
CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (last_at);

-- Where an account signed in before; a flood of failures from elsewhere does not keep it out there.
CREATE TABLE known_sources (
    account_key text NOT NULL,
    source text NOT NULL,
    last_seen_at timestamptz NOT NULL,
    PRIMARY KEY (account_key, source)
);

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_team ON accounts TO admin_runtime USING (account_id IN (SELECT account_id FROM team_members));
CREATE POLICY all_accounts ON accounts TO admin_worker USING (true) WITH CHECK (true);

ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
ALTER TABLE teams FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON teams TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON teams TO admin_worker USING (true) WITH CHECK (true);

ALTER TABLE team_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE team_members FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON team_members TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON team_members TO admin_worker USING (true) WITH CHECK (true);

-- A team's owner adds a person by address; the runtime role may learn nothing else of a person outside the team.
CREATE FUNCTION account_for_invitation(wanted_email text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS $$
    SELECT account_id FROM accounts WHERE email = wanted_email AND state = 'active'
$$;
REVOKE ALL ON FUNCTION account_for_invitation(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION account_for_invitation(text) TO admin_runtime, admin_worker;

GRANT SELECT ON schema_migrations TO admin_runtime, admin_worker;
GRANT SELECT (account_id, email, display_name, roles, state, epoch, epoch_advanced_at, created_at) ON accounts
    TO admin_runtime;
GRANT UPDATE (epoch, epoch_advanced_at) ON accounts TO admin_runtime;
GRANT SELECT, UPDATE ON teams TO admin_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON team_members TO admin_runtime;
GRANT SELECT, INSERT, UPDATE ON accounts, teams TO admin_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON team_members, sessions, refresh_tokens, sign_in_attempts, known_sources
    TO admin_worker;
