-- What waits for a yes, and every step taken on it.

CREATE TABLE approvals (
    approval_id text PRIMARY KEY,
    team_id text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    requested_by text NOT NULL,
    title text NOT NULL,
    category text NOT NULL,
    risk text NOT NULL CHECK (risk IN ('low', 'medium', 'high')),
    evidence jsonb NOT NULL,
    needed_approvals integer NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'rejected', 'withdrawn')),
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    comment text,
    UNIQUE (subject_kind, subject_id)
);
CREATE INDEX approvals_by_state ON approvals (state, approval_id);

CREATE TABLE approval_steps (
    step_id text PRIMARY KEY,
    approval_id text NOT NULL REFERENCES approvals,
    team_id text NOT NULL,
    actor text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('requested', 'approved', 'rejected', 'commented', 'withdrawn')),
    comment text NOT NULL,
    happened_at timestamptz NOT NULL
);
CREATE INDEX approval_steps_in_order ON approval_steps (approval_id, step_id);
CREATE UNIQUE INDEX one_vote_each ON approval_steps (approval_id, actor) WHERE kind IN ('approved', 'rejected');

ALTER TABLE approvals ENABLE ROW LEVEL SECURITY;
ALTER TABLE approvals FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON approvals TO admin_runtime USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON approvals TO admin_worker USING (true) WITH CHECK (true);

ALTER TABLE approval_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE approval_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON approval_steps TO admin_runtime
    USING (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON approval_steps TO admin_worker USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON approvals TO admin_runtime, admin_worker;
GRANT SELECT, INSERT ON approval_steps TO admin_runtime, admin_worker;
