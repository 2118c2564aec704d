-- Replies kept for a day under an Idempotency-Key, and the claims of calls that are being made under one.

CREATE TABLE stored_replies (
    team_id text NOT NULL,
    scope_digest bytea NOT NULL CHECK (octet_length(scope_digest) = 32),
    body_digest bytea NOT NULL CHECK (octet_length(body_digest) = 32),
    call_id text NOT NULL UNIQUE,
    holder text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'kept', 'too_large', 'caller_left', 'unknown')),
    claimed_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    status integer,
    header_lines bytea CHECK (octet_length(header_lines) <= 65536),
    body bytea CHECK (octet_length(body) <= 262144),
    cost_nanodollars bigint,
    PRIMARY KEY (team_id, scope_digest),
    CHECK (state <> 'kept' OR (status IS NOT NULL AND header_lines IS NOT NULL AND body IS NOT NULL))
);
COMMENT ON COLUMN stored_replies.scope_digest IS 'HMAC-SHA256 of API key id, path and Idempotency-Key';
COMMENT ON COLUMN stored_replies.call_id IS 'the call that claimed the key, and whose reply this is once it is settled';
COMMENT ON COLUMN stored_replies.holder IS 'the process that makes the call: once it is sealed, an open claim was never used';
CREATE INDEX stored_replies_open ON stored_replies (holder) WHERE state = 'open';
CREATE INDEX stored_replies_expiry ON stored_replies (expires_at);

ALTER TABLE stored_replies ENABLE ROW LEVEL SECURITY;
ALTER TABLE stored_replies FORCE ROW LEVEL SECURITY;
CREATE POLICY own_team ON stored_replies TO consumption_runtime
    USING (team_id = current_setting('marketplace.tenant', true))
    WITH CHECK (team_id = current_setting('marketplace.tenant', true));
CREATE POLICY all_teams ON stored_replies TO consumption_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, DELETE ON stored_replies TO consumption_runtime;
GRANT SELECT, UPDATE, DELETE ON stored_replies TO consumption_worker;

-- Whether a holder still lives on the books, held so until the transaction ends: a claim made after the seal would
-- never end. For the role that sees one team, which has no business with holders otherwise.
CREATE FUNCTION hold_open(asked_holder text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = consumption, pg_temp AS $$
DECLARE
    is_open boolean;
BEGIN
    INSERT INTO lease_holders (holder, first_seen_at) VALUES (asked_holder, at) ON CONFLICT DO NOTHING;
    SELECT sealed_at IS NULL INTO is_open FROM lease_holders WHERE holder = asked_holder FOR SHARE;
    RETURN is_open;
END $$;
REVOKE ALL ON FUNCTION hold_open(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_open(text, timestamptz) TO consumption_runtime;
