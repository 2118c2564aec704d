"""Facts of calls for tests of the journal and of settlement."""

from dataplane.call_records import CallFacts, Outcome, Settled
from dataplane.price import Price
from dataplane.reservation import Reservation
from dataplane.usage import Usage


def some_facts(number: int, amount: int = 100) -> CallFacts:
    """The facts of call number so and so, holding that amount of scope `s`."""
    return CallFacts(
        call_id=f"call_{number}",
        started_at=number,
        key_id="key_1",
        team_id="team_1",
        account_id="acc_1",
        listing_id="lst_1",
        listing_version_id="ver_1",
        listing_name="acme/echo",
        listing_version="1.0.0",
        provider="demo",
        model="vendor-echo",
        streamed=False,
        price=Price("prc_1", 1_000_000, 1_000_000),
        price_estimated=False,
        reservations=(Reservation("s", amount),),
    )


def some_settled(number: int, amount: int = 100, spent: int = 40) -> Settled:
    """That call, settled."""
    return Settled(some_facts(number, amount), Outcome.COMPLETED, 200, Usage(spent), spent, (spent,), 5)
