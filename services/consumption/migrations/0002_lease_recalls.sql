-- Recalls: a scope that is short asks the other holders for what they hold idle, and knows when all have answered.

-- Numbers of grants and of recalls, in one order.
CREATE SEQUENCE lease_numbers;

ALTER TABLE leases
    ADD COLUMN newest_grant bigint NOT NULL DEFAULT 0,
    ADD COLUMN recall bigint NOT NULL DEFAULT 0,
    ADD COLUMN answered bigint NOT NULL DEFAULT 0,
    ADD COLUMN recalled_at timestamptz;
COMMENT ON COLUMN leases.newest_grant IS 'the number of the latest grant: an answer that does not know it is none';
COMMENT ON COLUMN leases.recall IS 'the latest recall noted for this holder; 0 after a grant, which outdates it';
COMMENT ON COLUMN leases.answered IS 'the latest recall that the holder answered, with nothing idle left';
COMMENT ON COLUMN leases.recalled_at IS 'when the oldest recall was noted that is not answered yet';
CREATE INDEX leases_by_scope ON leases (scope_id, period_start);
CREATE INDEX leases_recalled ON leases (holder) WHERE recall > answered;

ALTER TABLE balances ADD COLUMN scarce_until timestamptz;
COMMENT ON COLUMN balances.scarce_until IS 'until then a grant is what is needed, without a stock';

ALTER TABLE lease_holders ADD COLUMN done_below text NOT NULL DEFAULT '';
COMMENT ON COLUMN lease_holders.done_below IS 'requests with an id below have had their answer, which is forgotten';

ALTER TABLE lease_returns ADD COLUMN holder text;
CREATE INDEX lease_returns_by_holder ON lease_returns (holder);

GRANT USAGE ON SEQUENCE lease_numbers TO consumption_worker;
GRANT DELETE ON lease_returns TO consumption_worker;
