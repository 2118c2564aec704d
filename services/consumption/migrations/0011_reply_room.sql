-- How many bytes of replies were kept for each team in each hour: a team has room for so many in a day, else its replies
-- would fill the disk that everybody's books lie on.

CREATE TABLE reply_room (
    team_id text NOT NULL,
    hour timestamptz NOT NULL,
    bytes bigint NOT NULL CHECK (bytes >= 0),
    PRIMARY KEY (team_id, hour)
);
COMMENT ON COLUMN reply_room.hour IS 'when the replies were settled; they are forgotten a day after they were claimed';

ALTER TABLE reply_room ENABLE ROW LEVEL SECURITY;
ALTER TABLE reply_room FORCE ROW LEVEL SECURITY;
CREATE POLICY all_teams ON reply_room TO consumption_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON reply_room TO consumption_worker;
