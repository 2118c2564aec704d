"""Filters as they come from outside, checked one by one: a wrong one is refused by its name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from discovery.indexing.document import PricingModel, State
from discovery.search.errors import InvalidFilter
from discovery.search.filters import Filters

MAX_VALUES = 50
MAX_VALUE_LENGTH = 200
# Of all filters together.
MAX_VALUES_IN_ALL = 200
_NANODOLLARS = Decimal(1_000_000_000)
_MAX_DOLLARS = Decimal(1_000_000)

Parser = Callable[[str, object], Any]


def filters_from(given: Mapping[str, object]) -> Filters:
    """Filters from JSON values; null means not set. Prices are dollars per million tokens, as decimal strings."""
    unknown = sorted(set(given) - set(_PARSERS))
    if unknown:
        known = ", ".join(sorted(_PARSERS))
        raise _invalid(unknown[0], f"there is no such filter; there are {known}")
    lists = [cast("Sequence[object]", value) for value in given.values() if isinstance(value, list | tuple)]
    if sum(map(len, lists)) > MAX_VALUES_IN_ALL:
        raise InvalidFilter(f"filters: at most {MAX_VALUES_IN_ALL} values in all", pointer="/filters")
    return Filters(**{name: _PARSERS[name](name, value) for name, value in given.items() if value is not None})


def _invalid(name: str, problem: str) -> InvalidFilter:
    return InvalidFilter(f"filters.{name}: {problem}", pointer=f"/filters/{name}")


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, str | list | tuple):
        raise _invalid(name, "must be a text or a list of texts")
    values = [value] if isinstance(value, str) else cast("Sequence[object]", value)
    if len(values) > MAX_VALUES:
        raise _invalid(name, f"at most {MAX_VALUES} values")
    return tuple(_text(name, item) for item in values)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_VALUE_LENGTH:
        raise _invalid(name, f"each value must be a text of 1 to {MAX_VALUE_LENGTH} characters")
    return value.strip()


def _choices(kind: type[PricingModel] | type[State], excluded: frozenset[str] = frozenset()) -> Parser:
    allowed = [choice.value for choice in kind if choice.value not in excluded]

    def parse(name: str, value: object) -> tuple[PricingModel | State, ...]:
        texts = _texts(name, value)
        wrong = [text for text in texts if text not in allowed]
        if wrong:
            raise _invalid(name, f"{wrong[0]!r} is not one of {', '.join(allowed)}")
        return tuple(kind(text) for text in texts)

    return parse


def _number(least: float, most: float) -> Parser:
    def parse(name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise _invalid(name, f"must be a number from {least:g} to {most:g}")
        return float(value)

    return parse


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _invalid(name, "must be a whole number, 0 or more")
    return value


def _price(name: str, value: object) -> int:
    problem = 'must be dollars per million tokens, 0 or more, such as "0.50"'
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _invalid(name, problem)
    try:
        dollars = Decimal(str(value))
    except InvalidOperation as error:
        raise _invalid(name, problem) from error
    if not dollars.is_finite() or not 0 <= dollars <= _MAX_DOLLARS:
        raise _invalid(name, problem)
    return int(dollars * _NANODOLLARS)


_PARSERS: dict[str, Parser] = {
    **{field.name: _texts for field in fields(Filters)},
    "pricing_model": _choices(PricingModel),
    "status": _choices(State, excluded=frozenset({State.RETIRED.value})),
    "max_input_price": _price,
    "max_output_price": _price,
    "min_rating": _number(1, 5),
    "min_uptime_percent": _number(0, 100),
    "max_latency_ms": _number(0, 3_600_000),
    "min_context_length": _whole,
}
