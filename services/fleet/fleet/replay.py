"""`python -m fleet replay`: asks the workers that run to try again what their groups set aside."""

from dataclasses import dataclass

import psycopg

from chassis.event_log.news import replay_of
from chassis.event_log.postgres_log import CHANNEL
from fleet.errors import FleetRefused
from fleet.machine import machine_of
from fleet.roles import DATABASE
from fleet.settings import FleetSettings

_CONNECT_SECONDS = 10


@dataclass(frozen=True)
class Waiting:
    """Events of a topic that a group set aside, and why the first of them failed."""

    group: str
    topic: str
    events: int
    reason: str


def ask_for_replay(url: str) -> list[Waiting]:
    """What is set aside, its groups asked to try it again; `url` is a superuser's, of the marketplace's database.

    Raises FleetRefused.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=_CONNECT_SECONDS) as connection:
            rows = connection.execute(
                "SELECT consumer_group, topic, count(*), (array_agg(reason ORDER BY position))[1]"
                " FROM events.set_aside WHERE replayed_at IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
            ).fetchall()
            waiting = [Waiting(*row) for row in rows]
            for asked in sorted({replay_of(one.group) for one in waiting}):
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, asked))
            return waiting
    except psycopg.OperationalError as error:
        raise FleetRefused("PostgreSQL does not answer: start the marketplace first.") from error


def main(settings: FleetSettings) -> int:
    """The exit code of `python -m fleet replay`; the marketplace must be running."""
    waiting = ask_for_replay(machine_of(settings).superuser_url(DATABASE))
    for one in waiting:
        print(f"{one.group} tries {one.events} events of {one.topic} again; the first failed with {one.reason}")
    if not waiting:
        print("nothing is set aside")
    return 0
