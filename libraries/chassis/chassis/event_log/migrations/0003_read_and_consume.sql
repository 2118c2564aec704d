-- How the log is read: positions, cursors of consumer groups, events set aside.

CREATE FUNCTION read(wanted_topic text, after bigint, at_most integer)
RETURNS TABLE (
    "position" bigint, event_id text, key text, type text, source text, happened_at timestamptz, data bytea
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_grant(wanted_topic, false);
    RETURN QUERY
        SELECT l.position, l.event_id, l.key, l.type, l.source, l.happened_at, l.data
        FROM log l WHERE l.topic = wanted_topic AND l.position > after ORDER BY l.position LIMIT at_most;
END $$;

CREATE FUNCTION head(wanted_topic text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_grant(wanted_topic, false);
    RETURN coalesce((SELECT h.position FROM heads h WHERE h.topic = wanted_topic), 0);
END $$;

CREATE FUNCTION require_own_group(consumer_group text) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF split_part(consumer_group, '.', 1) <> events.calling_service() THEN
        RAISE EXCEPTION '% may not move the cursor of %', session_user, consumer_group
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- The position after which a group reads on; its row stays locked until the transaction of the effect ends.
CREATE FUNCTION lock_cursor(wanted_group text, wanted_topic text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    PERFORM require_own_group(wanted_group);
    PERFORM require_grant(wanted_topic, false);
    INSERT INTO cursors (consumer_group, topic) VALUES (wanted_group, wanted_topic) ON CONFLICT DO NOTHING;
    SELECT c.position INTO found FROM cursors c
    WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic FOR UPDATE;
    RETURN found;
END $$;

CREATE FUNCTION move_cursor(wanted_group text, wanted_topic text, new_position bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    UPDATE cursors c SET position = new_position, moved_at = now()
    WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic;
END $$;

CREATE FUNCTION put_aside(
    wanted_group text, wanted_topic text, at_position bigint, poison_id text, why text, after_tries integer
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    INSERT INTO set_aside (consumer_group, topic, position, event_id, reason, tries)
    VALUES (wanted_group, wanted_topic, at_position, poison_id, why, after_tries)
    ON CONFLICT (consumer_group, topic, position) DO UPDATE SET reason = why, tries = after_tries, replayed_at = NULL;
END $$;

CREATE FUNCTION list_set_aside(wanted_group text)
RETURNS TABLE (
    topic text, "position" bigint, reason text, tries integer, set_aside_at timestamptz, event_id text, key text,
    type text, source text, happened_at timestamptz, data bytea
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    RETURN QUERY
        SELECT s.topic, s.position, s.reason, s.tries, s.set_aside_at, l.event_id, l.key, l.type, l.source,
               l.happened_at, l.data
        FROM set_aside s JOIN log l ON l.topic = s.topic AND l.position = s.position
        WHERE s.consumer_group = wanted_group AND s.replayed_at IS NULL ORDER BY s.topic, s.position;
END $$;

CREATE FUNCTION mark_replayed(wanted_group text, wanted_topic text, at_position bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    UPDATE set_aside s SET replayed_at = now()
    WHERE s.consumer_group = wanted_group AND s.topic = wanted_topic AND s.position = at_position;
END $$;

-- How many known groups of a topic have not taken an event yet; NULL while it has no position.
CREATE FUNCTION groups_behind(wanted_topic text, wanted_event text, services text[]) RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    place bigint;
BEGIN
    PERFORM require_grant(wanted_topic, true);
    SELECT l.position INTO place FROM log l WHERE l.event_id = wanted_event AND l.topic = wanted_topic;
    IF place IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT count(*) FROM unnest(services) AS wanted (consumer_group)
        WHERE NOT EXISTS (
            SELECT 1 FROM cursors c
            WHERE c.consumer_group = wanted.consumer_group AND c.topic = wanted_topic AND c.position >= place
        )
    );
END $$;

CREATE FUNCTION lag() RETURNS TABLE (consumer_group text, topic text, behind bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
    SELECT c.consumer_group, c.topic, coalesce(h.position, 0) - c.position
    FROM cursors c LEFT JOIN heads h ON h.topic = c.topic
    WHERE split_part(c.consumer_group, '.', 1) = events.calling_service()
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
