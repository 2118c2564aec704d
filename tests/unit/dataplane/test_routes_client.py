"""What publishing's refusals become for those who call."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from chassis.errors import ErrorKind
from chassis.rpc.channel import RemoteError
from dataplane.control_plane.routes_client import GrpcRoutes, price_of, route_of
from dataplane.price import Price
from dataplane.pricing import cost_nanodollars, price_in_force
from dataplane.records import KeyRecord
from dataplane.refusals import ModelNotCallable
from dataplane.usage import Usage
from marketplace.consumption.v1 import prices_pb2
from marketplace.events.v1.listing_pb2 import Pricing
from marketplace.publishing.v1 import listing_catalogue_pb2


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


@pytest.mark.parametrize(
    ("source", "estimated"), [("listing", False), ("admin", False), ("reference", True), ("", False)]
)
def test_a_price_out_of_a_public_list_is_an_estimate_and_any_other_is_the_price(source: str, estimated: bool) -> None:
    answer = prices_pb2.GetPriceResponse(price_id="prc_1", source=source)
    answer.pricing.input_nanodollars_per_million = 1
    answer.pricing.output_nanodollars_per_million = 2
    route = route_of(listing_catalogue_pb2.Route(), price_of(answer))
    found = price_in_force(route.price, route.estimate_price, route.unknown_price)
    assert found == (Price("prc_1", 1, 2), estimated)


@pytest.mark.parametrize(("cached", "cost"), [(None, 100), (0, 20), (500_000, 60)])
def test_cached_tokens_take_the_price_of_their_own_where_the_book_has_one(cached: int | None, cost: int) -> None:
    pricing = Pricing(
        input_nanodollars_per_million=1_000_000,
        output_nanodollars_per_million=0,
        cached_input_nanodollars_per_million=cached,
    )
    found = price_of(prices_pb2.GetPriceResponse(price_id="prc_1", source="listing", pricing=pricing))
    assert found.price.cached_prompt == cached
    assert cost_nanodollars(Usage(100, 9, 80), found.price) == cost


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("https://api.openai.com/v1", "max_completion_tokens"),
        ("https://API.OpenAI.com:443/v1", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://acme.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("https://api.openai.com.example/v1", "max_tokens"),
        ("https://notapi.openai.com/v1", "max_tokens"),
        ("https://openai.azure.com/v1", "max_tokens"),
        ("http://127.0.0.1:11434/v1", "max_tokens"),
        ("", "max_tokens"),
    ],
)
def test_the_field_of_the_bound_is_that_of_the_vendor_at_the_endpoint(url: str, field: str) -> None:
    assert route_of(listing_catalogue_pb2.Route(endpoint_url=url), None).max_tokens_field == field


def test_a_listing_without_any_price_is_still_refused() -> None:
    unknown = price_of(prices_pb2.GetPriceResponse(price_id="prc_1", source="listing"))
    for found in (None, unknown):
        route = route_of(listing_catalogue_pb2.Route(), found)
        assert price_in_force(route.price, route.estimate_price, route.unknown_price) == (None, False)
