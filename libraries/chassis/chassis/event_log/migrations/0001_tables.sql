-- The outbox is the log. Writers append inside the transaction of the fact; one sequencer at a time gives positions
-- after commit, so a position never becomes visible before a smaller one. Nobody touches the tables directly: the
-- functions of the next files are the only door, and the grants table says who may use it for which topic.

CREATE TABLE grants (
    service text NOT NULL,
    topic text NOT NULL,
    may_append boolean NOT NULL DEFAULT false,
    may_read boolean NOT NULL DEFAULT false,
    PRIMARY KEY (service, topic)
);

CREATE TABLE pending (
    arrival bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    happened_at timestamptz NOT NULL,
    data bytea NOT NULL
);

CREATE TABLE log (
    topic text NOT NULL,
    position bigint NOT NULL,
    event_id text NOT NULL UNIQUE,
    key text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    happened_at timestamptz NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (topic, position)
);

CREATE TABLE heads (
    topic text PRIMARY KEY,
    position bigint NOT NULL DEFAULT 0
);

CREATE TABLE cursors (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic)
);

CREATE TABLE set_aside (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    position bigint NOT NULL,
    event_id text NOT NULL,
    reason text NOT NULL,
    tries integer NOT NULL,
    set_aside_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz,
    PRIMARY KEY (consumer_group, topic, position)
);

REVOKE ALL ON ALL TABLES IN SCHEMA events FROM PUBLIC;
