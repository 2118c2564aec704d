"""Who takes part in the journeys: one admin, one publisher, one caller, each with a team of their own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import openai
import pytest
from fixtures.marketplace_people import Json, Person, demo_submission, new_person, platform_admin, published
from fixtures.running_fleet import RunningFleet


@pytest.fixture(scope="session")
def admin(running_fleet: RunningFleet) -> Person:
    """The platform's first admin."""
    return platform_admin(running_fleet)


@pytest.fixture(scope="session")
def publisher(running_fleet: RunningFleet, admin: Person) -> Person:
    """Owner of the team harbour."""
    return new_person(running_fleet, admin, "harbour")


@pytest.fixture(scope="session")
def caller(running_fleet: RunningFleet, admin: Person) -> Person:
    """Owner of the team lighthouse, which publishes nothing."""
    return new_person(running_fleet, admin, "lighthouse")


@pytest.fixture(scope="session")
def parrot(running_fleet: RunningFleet, publisher: Person, admin: Person) -> Json:
    """A published listing: id, name, and the version's run."""
    receipt = published(publisher, admin, demo_submission(running_fleet, "parrot"))
    return receipt | {"name": "harbour/parrot"}


@pytest.fixture
def door() -> str:
    """Where a test's calls come in."""
    return "gateway"


@pytest.fixture
def client_of(running_fleet: RunningFleet, door: str) -> Iterator[Callable[[str], openai.OpenAI]]:
    """The official client for a key; never tries again by itself."""
    with ExitStack() as clients:

        def make(key: str) -> openai.OpenAI:
            client = openai.OpenAI(base_url=f"{running_fleet.url(door)}/v1", api_key=key, max_retries=0, timeout=30)
            return clients.enter_context(client)

        yield make
