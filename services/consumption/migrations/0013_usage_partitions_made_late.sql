-- A call of a month without a partition lies with the rest: where another machine's clock is ahead, or nobody made the
-- partition in time. Such a month's partition takes its rows over, and no row stands in its way.

CREATE OR REPLACE FUNCTION ensure_usage_partition(month date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = consumption, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    name text := format('usage_rows_%s', to_char(first_day, 'YYYY_MM'));
    start timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
    until timestamptz := (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC';
BEGIN
    -- Nobody else makes one meanwhile; calls are settled beside this, save those of months that have none.
    LOCK TABLE ONLY usage_rows IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass(name) IS NULL THEN
        LOCK TABLE usage_rows_rest IN ACCESS EXCLUSIVE MODE;
        EXECUTE format('CREATE TABLE %I (LIKE usage_rows INCLUDING ALL)', name);
        EXECUTE format(
            'WITH taken AS (DELETE FROM usage_rows_rest WHERE started_at >= %L AND started_at < %L RETURNING *)'
            ' INSERT INTO %I SELECT * FROM taken',
            start, until, name
        );
        EXECUTE format('ALTER TABLE usage_rows ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, start, until);
    END IF;
END $$;
