"""Policies at the door of calls: in their place among the checks, and where they are missing or old."""

import json
from pathlib import Path

import pytest
from fakes.call_door import START, a_bench, a_key, a_route
from fakes.dataplane_ports import FakeUpstream, json_answer
from fakes.policies import NO_ACME, a_policy, enforced

from dataplane.admission import AdmissionState, Admitted, CallRequest, NeedsLease, NeedsRate, Refused, admit, asking
from dataplane.call_ledger import facts_of
from dataplane.policy_book import PolicyBook
from dataplane.policy_bundle import EnforcedBundle, FailMode, bundle_of
from dataplane.records import RateLimits

ACME = a_route(declared_provider="acme")
BETA = a_route(declared_provider="beta")
DAY = 24 * 3600 * 1_000_000


def answer(state: AdmissionState, request: CallRequest, now: int = START) -> str:
    """The code of a refusal, or the kind of another decision."""
    decision = admit(state, request, now)
    return decision.error.code if isinstance(decision, Refused) else type(decision).__name__


def forbidding(fail_mode: FailMode = "closed") -> PolicyBook:
    """A book that forbids acme's listings."""
    return PolicyBook(enforced=enforced(a_policy(NO_ACME, fail_mode=fail_mode)), confirmed_at=START)


def test_a_denial_names_the_policy_and_its_reason() -> None:
    decision = admit(AdmissionState(policy_book=forbidding()), asking(a_key(), ACME, 10, 10), START)
    assert isinstance(decision, Refused)
    error = decision.error
    assert (error.code, error.http_status, error.retry_after) == ("policy_denied", 403, None)
    assert error.message == "The policy 'no-acme' forbids this call: Acme has no contract with us."
    assert error.details == {"policy": "no-acme", "policy_version": 1}


def test_policies_are_asked_after_key_and_limits_and_before_anything_is_reserved() -> None:
    state = AdmissionState(policy_book=forbidding())
    assert answer(state, asking(a_key(), ACME, 10, 10)) == "policy_denied"
    assert answer(state, asking(a_key(), BETA, 10, 10)) == NeedsLease.__name__
    assert answer(state, asking(a_key(scopes=()), BETA, 10, 10)) == Admitted.__name__
    assert answer(state, asking(a_key(state="revoked"), ACME, 10, 10)) == "invalid_api_key"
    assert answer(state, asking(a_key(permissions=frozenset()), ACME, 10, 10)) == "permission_denied"
    fast = a_key(key_id="key_fast", scopes=(), limits=RateLimits(requests_per_second=0.001, burst=1))
    assert answer(state, asking(fast, BETA, 10, 10)) == Admitted.__name__
    assert answer(state, asking(fast, ACME, 10, 10)) in ("rate_limit_exceeded", NeedsRate.__name__)
    assert state.policy_book.denials == 1
    assert not state.leases.leases


@pytest.mark.parametrize(
    ("book", "expected"),
    [
        (PolicyBook(), "Admitted"),
        (PolicyBook(without_bundle="open", expected=True), "Admitted"),
        (PolicyBook(expected=True), "policies_unavailable"),
        (PolicyBook(expected=True, enforced=EnforcedBundle(bundle_of(0, []), None)), "Admitted"),
    ],
)
def test_without_a_bundle_calls_pass_only_where_none_is_expected_or_it_was_declared(
    book: PolicyBook, expected: str
) -> None:
    assert answer(AdmissionState(policy_book=book), asking(a_key(scopes=()), ACME, 10, 10)) == expected


@pytest.mark.parametrize(("book", "version"), [(PolicyBook(), 0), (forbidding(), forbidding().version)])
def test_a_call_that_is_let_in_carries_the_version_of_its_policies_to_its_settlement(
    book: PolicyBook, version: int
) -> None:
    asked = asking(a_key(scopes=()), BETA, 10, 10)
    decision = admit(AdmissionState(policy_book=book), asked, START)
    assert isinstance(decision, Admitted)
    facts = facts_of("call_1", START, asked.terms, decision)
    assert facts.policy_version == version
    assert (version > 0) == (book.enforced is not None)


def test_missing_policies_are_worth_waiting_for() -> None:
    decision = admit(AdmissionState(policy_book=PolicyBook(expected=True)), asking(a_key(), ACME, 1, 1), START)
    assert isinstance(decision, Refused)
    assert (decision.error.http_status, decision.error.retry_after) == (503, 5.0)


def test_a_stale_bundle_lets_nothing_pass_where_it_is_closed_and_is_enforced_as_it_stands_where_it_is_open() -> None:
    request, forbidden = asking(a_key(scopes=()), BETA, 10, 10), asking(a_key(scopes=()), ACME, 10, 10)
    for mode, fresh, stale in (("closed", "Admitted", "policies_unavailable"), ("open", "Admitted", "Admitted")):
        book = forbidding("closed" if mode == "closed" else "open")
        book.expected = True
        state = AdmissionState(policy_book=book)
        assert answer(state, request, START + DAY) == fresh
        assert answer(state, request, START + DAY + 1) == stale
        assert answer(state, forbidden, START + DAY) == "policy_denied"
    assert answer(state, forbidden, START + DAY + 1) == "policy_denied"


async def test_at_the_door_a_denial_has_openais_shape_and_is_not_tried_again(tmp_path: Path) -> None:
    upstream = FakeUpstream(json_answer(b"{}"))
    bench = a_bench(tmp_path, upstream, route=ACME)
    bench.door.parts.keeper.state.policy_book = forbidding()
    reply = await bench.ask("/v1/chat/completions", b'{"model":"acme/echo","messages":[]}')
    assert (reply.status, reply.headers["x-should-retry"]) == (403, "false")
    assert "retry-after" not in reply.headers
    assert json.loads(reply.body)["error"] == {
        "message": "The policy 'no-acme' forbids this call: Acme has no contract with us.",
        "type": "permission_error",
        "param": None,
        "code": "policy_denied",
    }
    assert not upstream.sent
    assert all(not account.leased for account in bench.spend.accounts.values())
