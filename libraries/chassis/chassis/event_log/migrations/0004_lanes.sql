-- A group's place in a topic, lane by lane: the events of one key lie in one of eight lanes, and each lane is taken in
-- order. Readers of the log itself take all lanes together; readers of Kafka take some each, side by side. Whoever
-- reads passes over what its lane has taken already, so that a repeat, a member that was thought dead, and a change
-- from one to the other neither lose an event nor take one twice.

-- For ever the same, and the same as chassis.event_log.lanes.lane_of.
CREATE FUNCTION lane_of(key text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (('x' || left(md5(key), 8))::bit(32)::bigint % 8)::integer
$$;

-- What a lane has taken beyond `cursors.position`, up to which all lanes have taken everything.
CREATE TABLE lanes (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    lane integer NOT NULL CHECK (lane BETWEEN 0 AND 7),
    position bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (consumer_group, topic, lane)
);

-- Where to read on in Kafka; kept with the effects. Another cluster knows other offsets.
CREATE TABLE kafka_offsets (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    cluster text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (consumer_group, topic, cluster, partition)
);

-- How many partitions a topic had when it was first relayed: which lane lies in which partition must never change.
CREATE TABLE kafka_topics (
    cluster text NOT NULL,
    topic text NOT NULL,
    partitions integer NOT NULL,
    PRIMARY KEY (cluster, topic)
);
-- Which log this is. Kafka may hold messages of another one: of another marketplace, or of this one before it was
-- restored to an earlier moment, whose positions were given again since. Whoever restores, renews it.
CREATE TABLE identity (id uuid NOT NULL DEFAULT gen_random_uuid());
CREATE UNIQUE INDEX one_identity ON identity ((true));
INSERT INTO identity DEFAULT VALUES;
REVOKE ALL ON lanes, kafka_offsets, kafka_topics, identity FROM PUBLIC;

CREATE FUNCTION log_id() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$ SELECT id::text FROM identity $$;

CREATE FUNCTION cursor_lock(wanted_group text, wanted_topic text) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('events/cursor/' || wanted_group || '/' || wanted_topic, 0)
$$;

-- Readers of the log itself exclude each other, and the readers of single lanes.
CREATE OR REPLACE FUNCTION lock_cursor(wanted_group text, wanted_topic text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    found bigint;
BEGIN
    PERFORM require_own_group(wanted_group);
    PERFORM require_grant(wanted_topic, false);
    PERFORM pg_advisory_xact_lock(cursor_lock(wanted_group, wanted_topic));
    INSERT INTO cursors (consumer_group, topic) VALUES (wanted_group, wanted_topic) ON CONFLICT DO NOTHING;
    SELECT c.position INTO found FROM cursors c
    WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic FOR UPDATE;
    RETURN found;
END $$;

-- Readers of single lanes exclude the readers of the log itself, and each other lane by lane.
CREATE FUNCTION lock_lanes(wanted_group text, wanted_topic text, wanted integer[])
RETURNS TABLE (lane integer, "position" bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    taken bigint;
BEGIN
    PERFORM require_own_group(wanted_group);
    PERFORM require_grant(wanted_topic, false);
    PERFORM pg_advisory_xact_lock_shared(cursor_lock(wanted_group, wanted_topic));
    INSERT INTO cursors (consumer_group, topic) VALUES (wanted_group, wanted_topic) ON CONFLICT DO NOTHING;
    INSERT INTO lanes (consumer_group, topic, lane)
        SELECT wanted_group, wanted_topic, w.lane FROM unnest(wanted) AS w (lane) ORDER BY w.lane
        ON CONFLICT DO NOTHING;
    SELECT c.position INTO taken FROM cursors c
    WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic;
    RETURN QUERY
        SELECT n.lane, greatest(n.position, taken) FROM lanes n
        WHERE n.consumer_group = wanted_group AND n.topic = wanted_topic AND n.lane = ANY (wanted)
        ORDER BY n.lane FOR UPDATE;
END $$;

CREATE FUNCTION move_lanes(wanted_group text, wanted_topic text, moved integer[], positions bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    UPDATE lanes n SET position = m.position FROM unnest(moved, positions) AS m (lane, "position")
    WHERE n.consumer_group = wanted_group AND n.topic = wanted_topic AND n.lane = m.lane;
END $$;

CREATE FUNCTION keep_offsets(
    wanted_group text, wanted_topic text, of_cluster text, partitions integer[], offsets bigint[]
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    INSERT INTO kafka_offsets (consumer_group, topic, cluster, partition, next_offset)
        SELECT wanted_group, wanted_topic, of_cluster, o.partition, o.next_offset
        FROM unnest(partitions, offsets) AS o (partition, next_offset) ORDER BY o.partition
    ON CONFLICT (consumer_group, topic, cluster, partition) DO UPDATE SET next_offset = excluded.next_offset;
END $$;

CREATE FUNCTION offsets(wanted_group text, wanted_topic text, of_cluster text)
RETURNS TABLE (partition integer, next_offset bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    PERFORM require_grant(wanted_topic, false);
    RETURN QUERY
        SELECT k.partition, k.next_offset FROM kafka_offsets k
        WHERE k.consumer_group = wanted_group AND k.topic = wanted_topic AND k.cluster = of_cluster;
END $$;

-- Keeps the number that it is told first; the number that holds.
CREATE FUNCTION settle_partitions(wanted_topic text, of_cluster text, proposed integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_grant(wanted_topic, false);
    INSERT INTO kafka_topics (cluster, topic, partitions) VALUES (of_cluster, wanted_topic, proposed)
    ON CONFLICT DO NOTHING;
    RETURN (SELECT k.partitions FROM kafka_topics k WHERE k.cluster = of_cluster AND k.topic = wanted_topic);
END $$;

CREATE FUNCTION is_taken(of_group text, of_topic text, of_key text, at_position bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM events.lanes n
        WHERE n.consumer_group = of_group AND n.topic = of_topic AND n.lane = events.lane_of(of_key)
          AND n.position >= at_position
    )
$$;

CREATE FUNCTION some_lane_beyond(of_group text, of_topic text, place bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM events.lanes n
        WHERE n.consumer_group = of_group AND n.topic = of_topic AND n.position > place
    )
$$;

-- What a group has not taken after a position; lanes are looked at only where some are ahead.
CREATE FUNCTION read_untaken(wanted_group text, wanted_topic text, after bigint, at_most integer)
RETURNS TABLE (
    "position" bigint, event_id text, key text, type text, source text, happened_at timestamptz, data bytea
) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
BEGIN
    PERFORM require_own_group(wanted_group);
    IF NOT some_lane_beyond(wanted_group, wanted_topic, after) THEN
        RETURN QUERY SELECT * FROM read(wanted_topic, after, at_most);
        RETURN;
    END IF;
    PERFORM require_grant(wanted_topic, false);
    RETURN QUERY
        SELECT l.position, l.event_id, l.key, l.type, l.source, l.happened_at, l.data
        FROM log l
        WHERE l.topic = wanted_topic AND l.position > after
          AND NOT is_taken(wanted_group, wanted_topic, l.key, l.position)
        ORDER BY l.position LIMIT at_most;
END $$;

-- The first position that a group has not taken, NULL for none. Raises the group's cursor up to there where no member
-- is at work just now, so that the next look has less to pass over.
CREATE FUNCTION first_untaken(wanted_group text, wanted_topic text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = events, pg_temp AS $$
DECLARE
    newest bigint := head(wanted_topic);
    taken bigint;
    first bigint;
BEGIN
    PERFORM require_own_group(wanted_group);
    SELECT c.position INTO taken FROM cursors c
    WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic;
    SELECT r.position INTO first FROM read_untaken(wanted_group, wanted_topic, coalesce(taken, 0), 1) r;
    IF coalesce(first - 1, newest) > taken AND pg_try_advisory_xact_lock(cursor_lock(wanted_group, wanted_topic)) THEN
        UPDATE cursors c SET position = coalesce(first - 1, newest), moved_at = now()
        WHERE c.consumer_group = wanted_group AND c.topic = wanted_topic AND c.position < coalesce(first - 1, newest);
    END IF;
    RETURN first;
END $$;

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
        WHERE NOT is_taken(wanted.consumer_group, wanted_topic, its_key, place)
          AND NOT EXISTS (
            SELECT 1 FROM cursors c
            WHERE c.consumer_group = wanted.consumer_group AND c.topic = wanted_topic AND c.position >= place
        )
    );
END $$;

-- How many events each group has not taken: of one's own groups, and for admin, who watches over all, of every group.
CREATE OR REPLACE FUNCTION lag() RETURNS TABLE (consumer_group text, topic text, behind bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
    SELECT c.consumer_group, c.topic,
        CASE WHEN some_lane_beyond(c.consumer_group, c.topic, c.position) THEN (
            SELECT count(*) FROM log l
            WHERE l.topic = c.topic AND l.position > c.position
              AND NOT is_taken(c.consumer_group, c.topic, l.key, l.position)
        ) ELSE coalesce(h.position, 0) - c.position END
    FROM cursors c LEFT JOIN heads h ON h.topic = c.topic
    WHERE split_part(c.consumer_group, '.', 1) = calling_service() OR calling_service() = 'admin'
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
