-- How many events each group has set aside and not taken since, 0 too: of one's own groups, and for admin, who watches
-- over all, of every group.

-- Those that were replayed stay for ever; what is asked all the time is only of those that were not.
CREATE INDEX set_aside_still ON set_aside (consumer_group, topic, position) WHERE replayed_at IS NULL;

CREATE FUNCTION count_set_aside() RETURNS TABLE (consumer_group text, topic text, events bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = events, pg_temp AS $$
    SELECT c.consumer_group, c.topic, count(s.position)
    FROM cursors c LEFT JOIN set_aside s
        ON s.consumer_group = c.consumer_group AND s.topic = c.topic AND s.replayed_at IS NULL
    WHERE split_part(c.consumer_group, '.', 1) = calling_service() OR calling_service() = 'admin'
    GROUP BY c.consumer_group, c.topic
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA events FROM PUBLIC;
