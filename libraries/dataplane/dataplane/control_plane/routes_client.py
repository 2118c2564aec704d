"""Routes from publishing and their prices from consumption, kept for a second or two."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.errors import ErrorKind, MarketplaceError
from chassis.rpc.channel import Peer
from dataplane.bound_fields import max_tokens_field_of
from dataplane.control_plane.kept import Kept
from dataplane.control_plane.keys_client import microseconds
from dataplane.price import Price, UnknownPrice
from dataplane.records import Credential, KeyRecord, Route
from dataplane.refusals import ModelNotCallable
from marketplace.consumption.v1 import prices_pb2
from marketplace.consumption.v1.prices_pb2_grpc import PricesStub
from marketplace.publishing.v1 import listing_catalogue_pb2
from marketplace.publishing.v1.listing_catalogue_pb2_grpc import ListingCatalogueStub

FRESH_SECONDS = 2.0
UNKNOWN_SECONDS = 1.0
STALE_SECONDS = 300.0
PAGE = 500
MOST_LISTED = 5000
_NOT_CALLABLE = "listing_not_callable"
_REFERENCE = "reference"
# Set on calls that name no bound, to listings that name none either.
MAX_OUTPUT_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class BookPrice:
    """A price of the book; an estimate where it is of a public list, because the listing states none."""

    price: Price
    is_estimate: bool = False


@dataclass
class GrpcRoutes:
    """Routes of the data plane: what a team may call, where it goes, what it costs."""

    publishing: Peer
    consumption: Peer
    monotonic: Callable[[], float]
    now: Callable[[], int]
    # True stands for what the team may see, and nobody may call.
    routes: Kept[tuple[str, str, str], Route | Literal[True]] = field(init=False)
    lists: Kept[str, tuple[Route, ...]] = field(init=False)
    prices: Kept[str, BookPrice] = field(init=False)

    def __post_init__(self) -> None:
        lives = (FRESH_SECONDS, UNKNOWN_SECONDS, STALE_SECONDS)
        self.routes = Kept(self.monotonic, *lives)
        self.lists = Kept(self.monotonic, *lives)
        self.prices = Kept(self.monotonic, *lives)

    def known(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        """The route where it is fresh in memory, and can be called."""
        asked = (key.team_id, model, version)
        found = self.routes.known(asked, lambda: self._resolve(*asked))
        return None if found is True else found

    async def resolve(self, key: KeyRecord, model: str, version: str = "") -> Route | None:
        """The route of an id or name for the key's team, or None where it may not see one.

        Raises ModelNotCallable where it may see one that nobody serves.
        """
        asked = (key.team_id, model, version)
        found = await self.routes.get(asked, lambda: self._resolve(*asked))
        if found is not True:
            return found
        if key.allowed_listings or key.allowed_models:
            return None
        raise ModelNotCallable(
            f"The model '{model[:200]}' is a catalogue entry: it can be found, but nobody serves it here, so it cannot"
            " be called. GET /v1/models lists those that can.",
            param="model",
        )

    async def visible(self, key: KeyRecord) -> Sequence[Route]:
        """Every route that the key's team may call, in order of name."""
        return await self.lists.get(key.team_id, lambda: self._list(key.team_id)) or ()

    async def _resolve(self, team_id: str, model: str, version: str) -> Route | Literal[True] | None:
        stub = ListingCatalogueStub(self.publishing.channel)
        request = listing_catalogue_pb2.ResolveRouteRequest(listing=model, version=version, team_id=team_id)
        try:
            answer = await self.publishing.ask(stub.ResolveRoute, request)
        except MarketplaceError as error:
            if error.code == _NOT_CALLABLE:
                return True
            if error.kind in {ErrorKind.NOT_FOUND, ErrorKind.INVALID}:
                return None
            raise
        route = answer.route
        price = await self.prices.get(route.listing_version_id, lambda: self._price(route.listing_version_id))
        return route_of(route, price)

    async def _list(self, team_id: str) -> tuple[Route, ...]:
        stub = ListingCatalogueStub(self.publishing.channel)
        found: list[Route] = []
        after = ""
        while len(found) < MOST_LISTED:
            request = listing_catalogue_pb2.ListRoutesRequest(team_id=team_id, page_size=PAGE, after_name=after)
            answer = await self.publishing.ask(stub.ListRoutes, request)
            found += [route_of(route, None) for route in answer.routes]
            if len(answer.routes) < PAGE:
                break
            after = f"{answer.routes[-1].team_slug}/{answer.routes[-1].name}"
        return tuple(found)

    async def _price(self, listing_version_id: str) -> BookPrice | None:
        stub = PricesStub(self.consumption.channel)
        at = Timestamp()
        at.FromMicroseconds(self.now())
        request = prices_pb2.GetPriceRequest(listing_version_id=listing_version_id, at=at)
        try:
            answer = await self.consumption.ask(stub.GetPrice, request)
        except MarketplaceError as error:
            if error.kind is ErrorKind.NOT_FOUND:
                return None
            raise
        return price_of(answer)


def price_of(answer: prices_pb2.GetPriceResponse) -> BookPrice:
    """A row of the price book; an absent amount is unknown, that of cached tokens none of their own."""
    pricing = answer.pricing
    known_input = pricing.HasField("input_nanodollars_per_million")
    known_output = pricing.HasField("output_nanodollars_per_million")
    known_cached = pricing.HasField("cached_input_nanodollars_per_million")
    price = Price(
        price_id=answer.price_id,
        prompt=pricing.input_nanodollars_per_million if known_input else None,
        completion=pricing.output_nanodollars_per_million if known_output else None,
        cached_prompt=pricing.cached_input_nanodollars_per_million if known_cached else None,
    )
    return BookPrice(price, answer.source == _REFERENCE)


def route_of(route: listing_catalogue_pb2.Route, found: BookPrice | None) -> Route:
    """The data plane's route; the vendor's credential is bound to the endpoint's host."""
    is_estimate = found is not None and found.is_estimate
    price = None if found is None else found.price
    host = urlsplit(route.endpoint_url).hostname or ""
    credential = Credential(host, "authorization", f"Bearer {route.credential}") if route.credential else None
    return Route(
        listing_id=route.listing_id,
        listing_version_id=route.listing_version_id,
        name=route.name,
        version=route.version,
        endpoint_url=route.endpoint_url,
        upstream_model=route.upstream_model,
        protocol=route.protocol,
        provider=host,
        team_slug=route.team_slug,
        team_id=route.team_id,
        declared_provider=route.provider,
        tags=tuple(route.tags),
        visibility=route.visibility,
        state="deprecated" if route.state == "deprecated" else "published",
        credential=credential,
        price=None if is_estimate else price,
        estimate_price=price if is_estimate else None,
        unknown_price=UnknownPrice.ESTIMATE if is_estimate else UnknownPrice.DENY,
        context_length=route.context_length if route.HasField("context_length") else None,
        created_at=microseconds(route.created_at),
        deprecated_at=microseconds(route.deprecated_at) if route.HasField("deprecated_at") else None,
        sunset_at=microseconds(route.sunset_at) if route.HasField("sunset_at") else None,
        successor=route.successor,
        max_output_tokens=route.max_output_tokens if route.HasField("max_output_tokens") else MAX_OUTPUT_TOKENS,
        max_tokens_field=max_tokens_field_of(host),
    )
