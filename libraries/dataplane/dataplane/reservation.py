"""What a call holds of one limit, as it is written down and told."""

from typing import Literal

import msgspec

from dataplane.whole_numbers import Amount, Moment

Unit = Literal["tokens", "nanodollars"]


class Reservation(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An amount debited from the lease of one scope for one call, in the period that ends at that moment."""

    scope_id: str
    amount: Amount
    unit: Unit = "nanodollars"
    period_ends_at: Moment | None = None
