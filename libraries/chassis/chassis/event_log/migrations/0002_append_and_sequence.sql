-- How facts get into the log, and how each gets its position.

-- The service behind a login role: publishing_runtime and publishing_worker are both publishing.
CREATE FUNCTION calling_service() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT regexp_replace(session_user::text, '_(runtime|worker|migrator)$', '')
$$;

CREATE FUNCTION require_grant(wanted_topic text, appending boolean) RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM events.grants g
        WHERE g.service = events.calling_service() AND g.topic = wanted_topic
          AND CASE WHEN appending THEN g.may_append ELSE g.may_read END
    ) THEN
        RAISE EXCEPTION '% may not % topic %', session_user,
            CASE WHEN appending THEN 'append to' ELSE 'read' END, wanted_topic
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;

-- The lock per key makes arrival order the commit order for one key, whatever the caller locked before.
CREATE FUNCTION append(
    wanted_topic text, event_id text, key text, type text, source text, happened_at timestamptz, data bytea
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_grant(wanted_topic, true);
    PERFORM pg_advisory_xact_lock(hashtextextended(wanted_topic || '/' || key, 0));
    INSERT INTO pending (event_id, topic, key, type, source, happened_at, data)
    VALUES (event_id, wanted_topic, key, type, source, happened_at, data);
END $$;

-- Moves committed arrivals to the log; how many moved. Callers queue on the lock, so positions commit in order.
CREATE FUNCTION sequence_arrivals(at_most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    moved integer;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pending) THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('events/sequencer', 0));
    INSERT INTO heads (topic) SELECT DISTINCT p.topic FROM pending p ON CONFLICT DO NOTHING;
    WITH arrived AS (
        DELETE FROM pending p WHERE p.arrival IN (SELECT arrival FROM pending ORDER BY arrival LIMIT at_most)
        RETURNING p.*
    ), numbered AS (
        SELECT a.*, row_number() OVER (PARTITION BY a.topic ORDER BY a.arrival) AS place FROM arrived a
    ), counted AS (
        SELECT n.topic, max(n.place) AS places FROM numbered n GROUP BY n.topic
    ), advanced AS (
        UPDATE heads h SET position = h.position + c.places FROM counted c WHERE h.topic = c.topic
        RETURNING h.topic, h.position - c.places AS start
    )
    INSERT INTO log (topic, position, event_id, key, type, source, happened_at, data)
    SELECT n.topic, s.start + n.place, n.event_id, n.key, n.type, n.source, n.happened_at, n.data
    FROM numbered n JOIN advanced s ON s.topic = n.topic;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END $$;
