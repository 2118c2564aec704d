"""Prices: integer nano-dollars per million tokens."""

from enum import StrEnum

import msgspec


class UnknownPrice(StrEnum):
    """What happens to calls whose price the book does not know."""

    DENY = "deny"
    ESTIMATE = "estimate"


class Price(msgspec.Struct, frozen=True):
    """A row of the price book; None where the part's price is unknown, and for cached where it has no price of its own.

    `per_request` is a flat amount in nano-dollars.
    """

    price_id: str
    prompt: int | None
    completion: int | None
    cached_prompt: int | None = None
    per_request: int = 0

    def is_known(self) -> bool:
        """Whether every kind of token has a price."""
        return self.prompt is not None and self.completion is not None
