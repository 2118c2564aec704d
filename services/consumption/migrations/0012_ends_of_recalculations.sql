-- How recalculations end: some fail, none before it has seen what was counted since it was asked for, and what an invoice
-- said a call costs is left alone.

ALTER TABLE recalculations
    DROP CONSTRAINT recalculations_state_check,
    ADD CHECK (state IN ('running', 'completed', 'failed')),
    ADD COLUMN failure text,
    ADD CHECK ((state = 'failed') = (failure IS NOT NULL)),
    ADD COLUMN place_recorded_at timestamptz,
    ADD COLUMN decided bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN recalculations.failure IS 'what ended it, in a word; what it had corrected until then stays';
COMMENT ON COLUMN recalculations.place_recorded_at IS
    'not null: all that was counted before it was asked for is done, and of what was counted since all up to here';
COMMENT ON COLUMN recalculations.decided IS 'calls whose cost an invoice stated';

-- The calls that were counted since a moment: rows lie about in the order of their recording, so that a few pages tell.
CREATE INDEX usage_by_recording ON usage_rows USING brin (recorded_at) WITH (autosummarize = on);

-- What was decided before this column counts as stated: nobody's word is overruled.
ALTER TABLE invoice_resolutions
    ADD COLUMN cost_is_stated boolean NOT NULL DEFAULT true,
    ADD COLUMN price_id_before text;
COMMENT ON COLUMN invoice_resolutions.cost_is_stated IS 'false: it is what the price book said';
COMMENT ON COLUMN invoice_resolutions.price_id_before IS 'null: the call is still under the price that it was booked by';
