-- Listings, their immutable versions, and the runs that publish them. Tenant tables carry team_id under forced row
-- security: the runtime role sees one team, the worker role (pipeline, ListingCatalogue) sees all.

CREATE TABLE listings (
    listing_id text PRIMARY KEY,
    team_id text NOT NULL,
    team_slug text NOT NULL,
    name text NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('private', 'workspace', 'public')),
    state text NOT NULL CHECK (
        state IN ('submitted', 'published', 'deprecated', 'retired', 'rejected', 'failed', 'catalogue_only')
    ),
    current_version_id text,
    revision bigint NOT NULL CHECK (revision > 0),
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deprecated_at timestamptz,
    sunset_at timestamptz,
    successor text NOT NULL DEFAULT '',
    deprecation_reason text NOT NULL DEFAULT '',
    CONSTRAINT listings_name_in_team UNIQUE (team_id, name)
);
CREATE INDEX listings_by_full_name ON listings (team_slug, name);
CREATE INDEX listings_callable ON listings (team_slug, name) WHERE state IN ('published', 'deprecated');

CREATE TABLE listing_versions (
    version_id text PRIMARY KEY,
    listing_id text NOT NULL REFERENCES listings,
    team_id text NOT NULL,
    version text NOT NULL,
    content jsonb NOT NULL,
    validation_mode text NOT NULL CHECK (validation_mode IN ('strict', 'lenient')),
    base_version_id text,
    submitted_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT listing_versions_once UNIQUE (listing_id, version)
);

CREATE TABLE version_documents (
    version_id text PRIMARY KEY REFERENCES listing_versions,
    team_id text NOT NULL,
    content_type text NOT NULL,
    document bytea NOT NULL
);

-- AES-256-GCM under the service's key, bound to the version and its endpoint's host and port.
CREATE TABLE version_credentials (
    version_id text PRIMARY KEY REFERENCES listing_versions,
    team_id text NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE version_states (
    version_id text PRIMARY KEY REFERENCES listing_versions,
    listing_id text NOT NULL REFERENCES listings,
    team_id text NOT NULL,
    state text NOT NULL CHECK (
        state IN ('submitted', 'published', 'deprecated', 'retired', 'rejected', 'failed', 'catalogue_only')
    ),
    changed_at timestamptz NOT NULL,
    published_event_id text,
    phase text NOT NULL DEFAULT '',
    code text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX version_states_one_in_pipeline ON version_states (listing_id) WHERE state = 'submitted';

CREATE TABLE version_measurements (
    version_id text PRIMARY KEY REFERENCES listing_versions,
    team_id text NOT NULL,
    measurements jsonb NOT NULL
);

CREATE TABLE run_phases (
    run_id text NOT NULL,
    position integer NOT NULL,
    name text NOT NULL,
    team_id text NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'running', 'passed', 'failed', 'skipped', 'undone')),
    started_at timestamptz,
    ended_at timestamptz,
    report jsonb,
    PRIMARY KEY (run_id, name)
);

DO $$
DECLARE
    tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY[
        'listings', 'listing_versions', 'version_documents', 'version_credentials', 'version_states',
        'version_measurements', 'run_phases'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format(
            'CREATE POLICY own_team ON %I TO publishing_runtime USING (team_id = current_setting(%L, true))'
            ' WITH CHECK (team_id = current_setting(%L, true))',
            tenant_table, 'marketplace.tenant', 'marketplace.tenant'
        );
        EXECUTE format(
            'CREATE POLICY across_teams ON %I TO publishing_worker USING (true) WITH CHECK (true)', tenant_table
        );
    END LOOP;
END $$;

GRANT USAGE ON SCHEMA publishing TO publishing_runtime, publishing_worker;
GRANT SELECT ON schema_migrations TO publishing_runtime, publishing_worker;
-- What a version says never changes: nobody may update these.
GRANT SELECT, INSERT ON listing_versions, version_documents, version_credentials TO publishing_runtime;
GRANT SELECT ON listing_versions, version_documents, version_credentials TO publishing_worker;
GRANT SELECT, INSERT, UPDATE ON listings, version_states TO publishing_runtime;
GRANT SELECT, UPDATE ON listings, version_states TO publishing_worker;
GRANT SELECT, INSERT ON run_phases TO publishing_runtime;
GRANT SELECT, UPDATE ON run_phases TO publishing_worker;
GRANT SELECT ON version_measurements TO publishing_runtime;
GRANT SELECT, INSERT, UPDATE ON version_measurements TO publishing_worker;
