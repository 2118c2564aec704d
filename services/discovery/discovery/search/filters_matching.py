"""Whether a listing passes the filters: one small test per filter that is set."""

from collections.abc import Callable
from typing import Any

from discovery.indexing.document import ListingDocument
from discovery.search.filters import Filters

Test = Callable[[ListingDocument], bool]
# What a filter is called, and what it asks for.
Single = tuple[str, Any]


def test_of_all(filters: Filters) -> Test:
    """All filters hold; a listing's unknown value never fits a bound."""
    tests = [test_of(single) for single in set_in(filters)]
    return lambda listing: all(test(listing) for test in tests)


def set_in(filters: Filters) -> tuple[Single, ...]:
    """The filters that are set, one by one."""
    wanted = ((name, getattr(filters, name)) for name in _TESTS)
    return tuple(single for single in wanted if single[1] not in ((), None))


def test_of(single: Single) -> Test:
    """The test of one filter, to run over many listings."""
    name, wanted = single
    return _TESTS[name](wanted)


def _any_of(values: Callable[[ListingDocument], tuple[str, ...]]) -> Callable[[tuple[str, ...]], Test]:
    def test(wanted: tuple[str, ...]) -> Test:
        accepted = {value.casefold() for value in wanted}
        return lambda listing: not accepted.isdisjoint(map(str.casefold, values(listing)))

    return test


def _all_of(values: Callable[[ListingDocument], tuple[str, ...]]) -> Callable[[tuple[str, ...]], Test]:
    def test(wanted: tuple[str, ...]) -> Test:
        needed = {value.casefold() for value in wanted}
        return lambda listing: needed.issubset(map(str.casefold, values(listing)))

    return test


def _at_most(value: Callable[[ListingDocument], float | None]) -> Callable[[float], Test]:
    return lambda bound: lambda listing: (known := value(listing)) is not None and known <= bound


def _at_least(value: Callable[[ListingDocument], float | None]) -> Callable[[float], Test]:
    return lambda bound: lambda listing: (known := value(listing)) is not None and known >= bound


_TESTS: dict[str, Callable[[Any], Test]] = {
    "category": _any_of(lambda listing: (listing.category,)),
    "tags": _any_of(lambda listing: listing.tags),
    "tags_all": _all_of(lambda listing: listing.tags),
    "provider": _any_of(lambda listing: (listing.provider,)),
    "protocol": _any_of(lambda listing: (listing.protocol,)),
    "pricing_model": _any_of(lambda listing: (listing.pricing.model,)),
    "status": _any_of(lambda listing: (listing.state,)),
    "compliance": _all_of(lambda listing: listing.compliance),
    "certifications": _all_of(lambda listing: listing.certifications),
    "data_residency": _any_of(lambda listing: listing.data_residency),
    "capabilities": _all_of(lambda listing: listing.capabilities),
    "input_modalities": _all_of(lambda listing: listing.input_modalities),
    "output_modalities": _all_of(lambda listing: listing.output_modalities),
    "licence": _any_of(lambda listing: (listing.licence,)),
    "max_input_price": _at_most(lambda listing: listing.pricing.input_price),
    "max_output_price": _at_most(lambda listing: listing.pricing.output_price),
    "max_latency_ms": _at_most(lambda listing: listing.sla.latency_p95_ms),
    "min_rating": _at_least(lambda listing: listing.rating.average),
    "min_uptime_percent": _at_least(lambda listing: listing.sla.uptime_percent),
    "min_context_length": _at_least(lambda listing: listing.context_length),
}
