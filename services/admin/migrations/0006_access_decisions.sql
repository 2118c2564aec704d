-- A team that may decide beside the platform's people: the owner of the listing that somebody asks access to.

ALTER TABLE approvals ADD COLUMN deciding_team_id text;
CREATE INDEX approvals_by_deciding_team ON approvals (deciding_team_id, approval_id) WHERE deciding_team_id IS NOT NULL;

-- It sees what waits for it, and writes in its history; the rows themselves stay the asking team's.
CREATE POLICY deciding_team ON approvals FOR SELECT TO admin_runtime
    USING (deciding_team_id = current_setting('marketplace.tenant', true));
CREATE POLICY deciding_team_reads ON approval_steps FOR SELECT TO admin_runtime USING (EXISTS (
    SELECT 1 FROM approvals a
    WHERE a.approval_id = approval_steps.approval_id AND a.deciding_team_id = current_setting('marketplace.tenant', true)
));
CREATE POLICY deciding_team_comments ON approval_steps FOR INSERT TO admin_runtime WITH CHECK (kind = 'commented' AND EXISTS (
    SELECT 1 FROM approvals a
    WHERE a.approval_id = approval_steps.approval_id AND a.deciding_team_id = current_setting('marketplace.tenant', true)
));
