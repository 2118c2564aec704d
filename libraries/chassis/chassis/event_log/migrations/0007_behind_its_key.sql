-- Once an event of a key was set aside, later ones of that key are set aside behind it: else they would take effect
-- before it.

ALTER TABLE set_aside ADD COLUMN key text;
UPDATE set_aside s SET key = l.key FROM log l WHERE l.topic = s.topic AND l.position = s.position;

CREATE OR REPLACE FUNCTION put_aside(
    wanted_group text, wanted_topic text, at_position bigint, poison_id text, why text, after_tries integer
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    INSERT INTO set_aside (consumer_group, topic, position, event_id, reason, tries, key)
    VALUES (
        wanted_group, wanted_topic, at_position, poison_id, why, after_tries,
        (SELECT l.key FROM log l WHERE l.topic = wanted_topic AND l.position = at_position)
    )
    ON CONFLICT (consumer_group, topic, position) DO UPDATE SET reason = why, tries = after_tries, replayed_at = NULL;
END $$;

-- The keys of which a group has set something aside.
CREATE FUNCTION keys_set_aside(wanted_group text, wanted_topic text) RETURNS SETOF text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    RETURN QUERY
        SELECT DISTINCT s.key FROM set_aside s
        WHERE s.consumer_group = wanted_group AND s.topic = wanted_topic AND s.replayed_at IS NULL;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
