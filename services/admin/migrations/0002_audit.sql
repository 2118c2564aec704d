-- What was done, by whom, in one chain: each row's hash covers the row and the hash before it. Nobody may change or
-- remove a row, and the runtime role may not even read one.

CREATE TABLE audit_rows (
    position bigint PRIMARY KEY,
    row_id text NOT NULL UNIQUE,
    happened_at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    about_team text,
    -- team: written under row security of one team; platform: across teams.
    reach text NOT NULL CHECK (reach IN ('team', 'platform')),
    -- JSON as it was hashed.
    details text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX audit_rows_by_subject ON audit_rows (subject_id, position);
CREATE INDEX audit_rows_by_actor ON audit_rows (actor, position);

-- The end of the chain; the lock lets one transaction at a time append to it.
CREATE FUNCTION audit_tail(OUT last_position bigint, OUT last_hash text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('admin/audit', 0));
    SELECT a.position, a.hash INTO last_position, last_hash FROM audit_rows a ORDER BY a.position DESC LIMIT 1;
END $$;
REVOKE ALL ON FUNCTION audit_tail() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit_tail() TO admin_runtime, admin_worker;

ALTER TABLE audit_rows ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_team ON audit_rows FOR INSERT TO admin_runtime
    WITH CHECK (reach = 'team' AND about_team = current_setting('marketplace.tenant', true));
CREATE POLICY all_rows ON audit_rows TO admin_worker USING (true) WITH CHECK (true);
GRANT INSERT ON audit_rows TO admin_runtime;
GRANT SELECT, INSERT ON audit_rows TO admin_worker;
