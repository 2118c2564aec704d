-- What a group set aside is tried again one by one, each in a transaction that holds the group's cursor.

-- The first event after a position that a group set aside and has not taken since; no row for none.
CREATE FUNCTION next_set_aside(wanted_group text, wanted_topic text, after bigint)
RETURNS TABLE (
    "position" bigint, tries integer, event_id text, key text, type text, source text, happened_at timestamptz,
    data bytea
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    PERFORM require_grant(wanted_topic, false);
    RETURN QUERY
        SELECT s.position, s.tries, l.event_id, l.key, l.type, l.source, l.happened_at, l.data
        FROM set_aside s JOIN log l ON l.topic = s.topic AND l.position = s.position
        WHERE s.consumer_group = wanted_group AND s.topic = wanted_topic AND s.replayed_at IS NULL
          AND s.position > after
        ORDER BY s.position LIMIT 1;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
