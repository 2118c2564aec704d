-- What calls may not do, in Cedar. The platform's own tables: no team has policies of its own, and the role that serves
-- one team's people sees none of this.

CREATE TABLE policies (
    policy_id text PRIMARY KEY,
    name text NOT NULL UNIQUE,
    description text NOT NULL,
    -- retired: something of it was in force once, and nothing is now.
    state text NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
    -- The version in force; null where none is.
    active_version integer,
    latest_version integer NOT NULL,
    -- Grows by one with each change; what If-Match compares.
    revision bigint NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state = 'active') = (active_version IS NOT NULL))
);
CREATE INDEX policies_in_force ON policies (name) WHERE active_version IS NOT NULL;

-- What a version says: written once.
CREATE TABLE policy_versions (
    policy_id text NOT NULL REFERENCES policies,
    version integer NOT NULL,
    content text NOT NULL,
    fail_mode text NOT NULL CHECK (fail_mode IN ('open', 'closed')),
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (policy_id, version)
);
ALTER TABLE policies ADD CONSTRAINT active_version_exists
    FOREIGN KEY (policy_id, active_version) REFERENCES policy_versions (policy_id, version) DEFERRABLE INITIALLY DEFERRED;

-- Where a version stands: draft until it is activated, retired when another one or none is in force after it.
CREATE TABLE policy_version_states (
    policy_id text NOT NULL,
    version integer NOT NULL,
    state text NOT NULL CHECK (state IN ('draft', 'active', 'retired')),
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (policy_id, version),
    FOREIGN KEY (policy_id, version) REFERENCES policy_versions
);
CREATE UNIQUE INDEX one_active_version ON policy_version_states (policy_id) WHERE state = 'active';

-- How often what is in force changed; its one row is locked by whoever changes it.
CREATE TABLE policy_bundle (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL
);
INSERT INTO policy_bundle (version) VALUES (0);

ALTER TABLE policies ENABLE ROW LEVEL SECURITY;
ALTER TABLE policies FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_only ON policies TO admin_worker USING (true) WITH CHECK (true);
ALTER TABLE policy_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_only ON policy_versions TO admin_worker USING (true) WITH CHECK (true);
ALTER TABLE policy_version_states ENABLE ROW LEVEL SECURITY;
ALTER TABLE policy_version_states FORCE ROW LEVEL SECURITY;
CREATE POLICY platform_only ON policy_version_states TO admin_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON policies, policy_version_states TO admin_worker;
GRANT SELECT, INSERT ON policy_versions TO admin_worker;
GRANT SELECT, UPDATE (version) ON policy_bundle TO admin_worker;
