"""Bulk writing to a server that is full, broken or newer, played by a client that answers as Elasticsearch does."""

from typing import Any

import pytest

from chassis.errors import Unavailable
from discovery.search import elasticsearch_bulk
from discovery.search.elasticsearch_bulk import Write, write_all


class Server:
    """Answers each write with the next status of its id, then with 200."""

    def __init__(self, **statuses: list[int]) -> None:
        self.statuses = statuses
        self.requests: list[list[str]] = []

    async def bulk(self, *, operations: list[dict[str, Any]], require_alias: bool, **_: Any) -> dict[str, Any]:
        assert require_alias
        ids = [line["index"]["_id"] for line in operations if "index" in line]
        self.requests.append(ids)
        return {"items": [{"index": {"_id": one, "status": self._status(one), "error": {}}} for one in ids]}

    def _status(self, listing_id: str) -> int:
        left = self.statuses.get(listing_id)
        return left.pop(0) if left else 200


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elasticsearch_bulk, "_PAUSES_SECONDS", (0.0, 0.0))


async def written(server: Server, *ids: str, text: str = "") -> set[str]:
    writes = [Write(one, 2, {"text": text}) for one in ids]
    return await write_all(server, "alias", writes)  # type: ignore[arg-type]


async def test_only_what_was_not_taken_is_sent_again() -> None:
    server = Server(b=[429, 429])
    assert await written(server, "a", "b", "c") == set()
    assert server.requests == [["a", "b", "c"], ["b"], ["b"]]


async def test_a_server_that_stays_full_is_said() -> None:
    with pytest.raises(Unavailable, match="full of work"):
        await written(Server(a=[429] * 5), "a")


async def test_an_older_version_is_refused_and_named() -> None:
    assert await written(Server(b=[409]), "a", "b") == {"b"}


async def test_a_listing_that_does_not_fit_fails_with_its_id() -> None:
    with pytest.raises(Unavailable) as failure:
        await written(Server(b=[400]), "a", "b")
    assert failure.value.details["listing_id"] == "b"


async def test_parts_are_bounded_by_number_and_by_bytes() -> None:
    server = Server()
    await written(server, *(f"listing{number}" for number in range(450)))
    assert [len(part) for part in server.requests] == [200, 200, 50]
    large = Server()
    await written(large, "a", "b", "c", text="x" * 2_500_000)
    assert [len(part) for part in large.requests] == [1, 1, 1]
