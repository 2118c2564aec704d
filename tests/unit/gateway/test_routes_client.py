"""What publishing's refusals become for those who call."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.errors import ErrorKind
from chassis.rpc.channel import RemoteError
from dataplane.records import KeyRecord
from dataplane.refusals import ModelNotCallable
from gateway.calls.routes_client import GrpcRoutes


class _Channel:
    def unary_unary(self, *_: Any, **__: Any) -> None:
        return None


@dataclass
class RefusingPeer:
    """A publishing that refuses every question with one code."""

    code: str
    channel: _Channel = field(default_factory=_Channel)
    asked: int = 0

    async def ask(self, method: object, request: object) -> object:
        self.asked += 1
        raise RemoteError(self.code, ErrorKind.NOT_FOUND, "No.")


def routes(peer: Any) -> GrpcRoutes:
    return GrpcRoutes(peer, peer, lambda: 0.0, lambda: 0)


def key(**changes: Any) -> KeyRecord:
    return KeyRecord(key_id="key_1", team_id="tea_1", account_id="acc_1", **changes)


async def test_a_catalogue_entry_says_that_it_cannot_be_called_and_publishing_is_asked_once() -> None:
    peer = RefusingPeer("listing_not_callable")
    door = routes(peer)
    for _ in range(3):
        with pytest.raises(ModelNotCallable, match="'a/b' is a catalogue entry"):
            await door.resolve(key(), "a/b")
    assert peer.asked == 1


@pytest.mark.parametrize("bounds", [{"allowed_listings": frozenset({"lst_1"})}, {"allowed_models": frozenset({"x/y"})}])
async def test_a_key_for_other_listings_learns_nothing_of_it(bounds: dict[str, Any]) -> None:
    assert await routes(RefusingPeer("listing_not_callable")).resolve(key(**bounds), "a/b") is None


async def test_what_the_team_may_not_see_is_not_there() -> None:
    assert await routes(RefusingPeer("listing_not_found")).resolve(key(), "a/b") is None
