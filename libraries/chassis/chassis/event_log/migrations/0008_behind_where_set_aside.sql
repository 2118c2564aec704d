-- A group that set an event aside has not taken it: its cursor stands behind it, and nothing took effect.

CREATE OR REPLACE FUNCTION groups_behind(wanted_topic text, wanted_event text, services text[]) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    place bigint;
    its_key text;
BEGIN
    PERFORM require_grant(wanted_topic, true);
    SELECT l.position, l.key INTO place, its_key FROM log l
    WHERE l.event_id = wanted_event AND l.topic = wanted_topic;
    IF place IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT count(*) FROM unnest(services) AS wanted (consumer_group)
        WHERE EXISTS (
            SELECT 1 FROM set_aside s
            WHERE s.consumer_group = wanted.consumer_group AND s.topic = wanted_topic AND s.position = place
              AND s.replayed_at IS NULL
        ) OR (
            NOT is_taken(wanted.consumer_group, wanted_topic, its_key, place)
            AND NOT EXISTS (
                SELECT 1 FROM cursors c
                WHERE c.consumer_group = wanted.consumer_group AND c.topic = wanted_topic AND c.position >= place
            )
        )
    );
END $$;
