-- Suppliers' invoices, held against our usage rows. They are the platform's: no team's role sees them.

CREATE TABLE invoices (
    invoice_id text PRIMARY KEY,
    digest bytea NOT NULL UNIQUE,
    provider text NOT NULL,
    currency text NOT NULL,
    first_day date NOT NULL,
    last_day date NOT NULL,
    lines integer NOT NULL,
    uploaded_by text NOT NULL,
    uploaded_at timestamptz NOT NULL,
    CHECK (last_day >= first_day)
);
COMMENT ON COLUMN invoices.digest IS 'SHA-256 of the file and whom it was held against: the same again is the same invoice';
COMMENT ON COLUMN invoices.provider IS 'host of the vendor''s endpoint, as in usage_rows; empty: every vendor''s';
CREATE INDEX invoices_newest ON invoices (uploaded_at DESC, invoice_id DESC);

-- What was billed for a model in a period, all lines of it in sum; null: the file does not say.
CREATE TABLE invoice_lines (
    invoice_id text NOT NULL REFERENCES invoices (invoice_id),
    first_day date NOT NULL,
    last_day date NOT NULL,
    model text NOT NULL,
    listing text NOT NULL DEFAULT '',
    requests bigint CHECK (requests >= 0),
    input_tokens bigint CHECK (input_tokens >= 0),
    output_tokens bigint CHECK (output_tokens >= 0),
    amount_nanounits bigint,
    PRIMARY KEY (invoice_id, first_day, last_day, model, listing)
);
COMMENT ON COLUMN invoice_lines.amount_nanounits IS 'billionths of the invoice''s currency; negative: a credit';

-- Calls of unknown end that an invoice decided, and what was booked of them before.
CREATE TABLE invoice_resolutions (
    call_id text PRIMARY KEY,
    invoice_id text NOT NULL REFERENCES invoices (invoice_id),
    started_at timestamptz NOT NULL,
    team_id text NOT NULL,
    decision text NOT NULL CHECK (decision IN ('settle', 'release')),
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    cost_nanodollars bigint NOT NULL,
    prompt_tokens_before bigint NOT NULL,
    completion_tokens_before bigint NOT NULL,
    cost_nanodollars_before bigint,
    charges_before jsonb NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX invoice_resolutions_by_invoice ON invoice_resolutions (invoice_id);
CREATE INDEX unknown_calls ON usage_rows (started_at) WHERE outcome = 'unknown';

GRANT SELECT, INSERT ON invoices, invoice_lines, invoice_resolutions TO consumption_worker;
