-- A call as settlement hands it over. One array of these costs half of what an array for each column does, in the
-- process that sends it and here. In the order of consumption/settlement/rules.py's UsageRow, and the charges behind.
CREATE TYPE settled_call AS (
    call_id text,
    started_at timestamptz,
    team_id text,
    account_id text,
    key_id text,
    listing_id text,
    listing_version_id text,
    listing_name text,
    listing_version text,
    provider text,
    model text,
    prompt_tokens bigint,
    cached_prompt_tokens bigint,
    completion_tokens bigint,
    cost_nanodollars bigint,
    price_id text,
    outcome text,
    estimated boolean,
    streamed boolean,
    status integer,
    duration_microseconds bigint,
    first_byte_microseconds bigint,
    policy_version bigint,
    charges jsonb
);
