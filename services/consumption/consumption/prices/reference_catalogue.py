"""`python -m consumption.prices.reference_catalogue`: the plain prices of the installed public list, as JSON.

A program of its own: the list takes 100 MB and seconds to load, which no process should keep.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ClauseEquals, ClauseOr, MatchLogic, ModelInfo, Provider

_NANODOLLARS = 1_000_000_000
Line = tuple[str, str, int, int, int | None]


def lines_of(providers: list[Provider], now: datetime) -> Iterator[Line]:
    """Provider, model, input, output and cached input price in nano-dollars per million tokens, by every name of both.

    Only what has one plain price for input and output; a price by tiers or patterns of names is left out. The cached
    one is None where it is not plain or not there.
    """
    for provider in providers:
        names = {provider.id.lower(), provider.name.lower()}
        for model in provider.models:
            price = _plain_price(model, now)
            if price is not None:
                yield from ((name, one, *price) for name in sorted(names) for one in sorted(_names_of(model)))


def _plain_price(model: ModelInfo, now: datetime) -> tuple[int, int, int | None] | None:
    prices = model.get_prices(now)
    given, taken = _plain(prices.input_mtok), _plain(prices.output_mtok)
    return None if given is None or taken is None else (given, taken, _plain(prices.cache_read_mtok))


def _plain(price: object) -> int | None:
    return int(price * _NANODOLLARS) if isinstance(price, Decimal) and price >= 0 else None


def _names_of(model: ModelInfo) -> set[str]:
    return {model.id.lower(), *_equal_names(model.match)}


def _equal_names(match: MatchLogic) -> Iterator[str]:
    if isinstance(match, ClauseEquals):
        yield match.equals.lower()
    elif isinstance(match, ClauseOr):
        for one in match.or_:
            yield from _equal_names(one)


if __name__ == "__main__":
    json.dump(list(lines_of(get_snapshot().providers, datetime.now(UTC))), sys.stdout)
