-- A price of its own for the prompt tokens that a vendor had in its cache.

ALTER TABLE prices ADD COLUMN cached_input_nanodollars_per_million bigint
    CHECK (cached_input_nanodollars_per_million >= 0);
COMMENT ON COLUMN prices.cached_input_nanodollars_per_million IS
    'of cached prompt tokens; null: they cost what other prompt tokens cost';

ALTER TABLE reference_prices ADD COLUMN cached_input_nanodollars_per_million bigint
    CHECK (cached_input_nanodollars_per_million >= 0);
COMMENT ON COLUMN reference_prices.cached_input_nanodollars_per_million IS
    'of cached prompt tokens; null: the list has no plain price of them';
-- The list that is kept lacks them: without its version it is not the installed one, so that the worker reads that anew.
UPDATE reference_prices SET reference_name = split_part(reference_name, ' ', 1);
