"""Whether a listing passes the filters: one small test per filter that is set."""

from collections.abc import Callable

from discovery.indexing.document import ListingDocument
from discovery.search.filters import Filters

Test = Callable[[ListingDocument], bool]


def passes(document: ListingDocument, filters: Filters) -> bool:
    """All filters hold; a listing's unknown value never fits a bound."""
    return all(test(document) for test in tests_of(filters))


def tests_of(filters: Filters) -> tuple[Test, ...]:
    """The tests of the filters that are set, to run over many listings."""
    return (*_texts(filters), *_states(filters), *_bounds(filters))


def _texts(filters: Filters) -> list[Test]:
    tests = [
        _any_of(filters.category, lambda listing: (listing.category,)),
        _any_of(filters.tags, lambda listing: listing.tags),
        _all_of(filters.tags_all, lambda listing: listing.tags),
        _any_of(filters.provider, lambda listing: (listing.provider,)),
        _any_of(filters.protocol, lambda listing: (listing.protocol,)),
        _all_of(filters.compliance, lambda listing: listing.compliance),
        _all_of(filters.certifications, lambda listing: listing.certifications),
        _any_of(filters.data_residency, lambda listing: listing.data_residency),
        _all_of(filters.capabilities, lambda listing: listing.capabilities),
        _all_of(filters.input_modalities, lambda listing: listing.input_modalities),
        _all_of(filters.output_modalities, lambda listing: listing.output_modalities),
        _any_of(filters.licence, lambda listing: (listing.licence,)),
    ]
    return [test for test in tests if test is not None]


def _states(filters: Filters) -> list[Test]:
    tests: list[Test] = []
    if filters.pricing_model:
        tests.append(lambda listing: listing.pricing.model in filters.pricing_model)
    if filters.status:
        tests.append(lambda listing: listing.state in filters.status)
    return tests


def _bounds(filters: Filters) -> list[Test]:
    tests = [
        _at_most(filters.max_input_price, lambda listing: listing.pricing.input_price),
        _at_most(filters.max_output_price, lambda listing: listing.pricing.output_price),
        _at_most(filters.max_latency_ms, lambda listing: listing.sla.latency_p95_ms),
        _at_least(filters.min_rating, lambda listing: listing.rating.average),
        _at_least(filters.min_uptime_percent, lambda listing: listing.sla.uptime_percent),
        _at_least(filters.min_context_length, lambda listing: listing.context_length),
    ]
    return [test for test in tests if test is not None]


def _any_of(wanted: tuple[str, ...], values: Callable[[ListingDocument], tuple[str, ...]]) -> Test | None:
    if not wanted:
        return None
    accepted = {value.casefold() for value in wanted}
    return lambda listing: any(value.casefold() in accepted for value in values(listing))


def _all_of(wanted: tuple[str, ...], values: Callable[[ListingDocument], tuple[str, ...]]) -> Test | None:
    if not wanted:
        return None
    needed = {value.casefold() for value in wanted}
    return lambda listing: needed <= {value.casefold() for value in values(listing)}


def _at_most(bound: float | None, value: Callable[[ListingDocument], float | None]) -> Test | None:
    if bound is None:
        return None
    return lambda listing: (known := value(listing)) is not None and known <= bound


def _at_least(bound: float | None, value: Callable[[ListingDocument], float | None]) -> Test | None:
    if bound is None:
        return None
    return lambda listing: (known := value(listing)) is not None and known >= bound
