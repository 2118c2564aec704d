"""Passages are shared by calls, and never outlive what they were made of."""

from dataclasses import replace
from typing import Any

import pytest
from fakes.call_door import KEY, PEPPER, START, a_key, a_route

from dataplane.door_paths import Call
from dataplane.key_check import Authenticate, SentKey, key_digest
from dataplane.passages import Passage, Passages
from dataplane.price import Price
from dataplane.records import Credential, KeyRecord, LimitedScope, RateLimits, Route
from dataplane.refusals import KeyInvalid, RequestInvalid
from dataplane.wire_formats.openai.requests import read_request

SENT = SentKey(key_digest(PEPPER, KEY), lambda: b"proof")
CHAT = Call("chat/completions")
BODY = b'{"model":"acme/echo"}'


class Memory:
    """Keys and routes that are fresh in memory, and how often they were looked up."""

    def __init__(self) -> None:
        self.key: KeyRecord | None = a_key()
        self.routes = {("acme/echo", ""): a_route(), ("acme/echo", "2.0.0"): a_route(version="2.0.0")}
        self.changes = 0
        self.looked_up: list[object] = []

    def known(self, what: object, *named: object) -> KeyRecord | Route | None:
        self.looked_up.append(what if isinstance(what, bytes) else named)
        return self.key if isinstance(what, bytes) else self.routes.get(named)  # type: ignore[call-overload]


def passages_of(memory: Memory) -> Passages:
    return Passages(Authenticate(memory, PEPPER), memory)  # type: ignore[arg-type]


def the_passage(passages: Passages, now: int, what: Call = CHAT, body: bytes = BODY) -> Passage | None:
    of_key = passages.of_key(SENT, now)
    assert of_key is not None
    return passages.known(of_key, what, read_request("chat/completions", body), now)


def the_version(passages: Passages, now: int, what: Call = CHAT, body: bytes = BODY) -> str | None:
    passage = the_passage(passages, now, what, body)
    return None if passage is None else passage.terms.route.version


def test_calls_of_one_kind_share_a_passage_and_others_do_not() -> None:
    memory = Memory()
    passages = passages_of(memory)
    assert [the_version(passages, START + step) for step in (0, 100_000, 249_999)] == ["1.0.0"] * 3
    assert len(memory.looked_up) == 2
    assert the_version(passages, START, body=b'{"model":"acme/echo@2.0.0"}') == "2.0.0"
    # A listing in the path is not what a body's model of the same letters is.
    assert the_version(passages, START, Call(None, "acme/echo@2.0.0")) is None
    assert the_version(passages, START, Call(None, "acme/echo", "2.0.0")) == "2.0.0"
    assert the_version(passages, START, body=b'{"model":"nobody/knows"}') is None
    with pytest.raises(RequestInvalid):
        the_version(passages, START, body=b"{}")


@pytest.mark.parametrize("later", [250_000, -1, -3_600_000_000])
def test_after_a_moment_and_when_the_clock_steps_back_all_is_looked_up_again(later: int) -> None:
    memory = Memory()
    passages = passages_of(memory)
    the_version(passages, START)
    memory.routes["acme/echo", ""] = a_route(version="1.1.0")
    assert the_version(passages, START + 1) == "1.0.0"
    assert the_version(passages, START + later) == "1.1.0"


def test_a_key_that_changed_is_looked_up_at_once() -> None:
    memory = Memory()
    passages = passages_of(memory)
    the_version(passages, START)
    memory.key, memory.changes = a_key(state="revoked"), 1
    with pytest.raises(KeyInvalid):
        passages.of_key(SENT, START + 1)
    memory.key, memory.changes = None, 2
    assert passages.of_key(SENT, START + 1) is None


def test_a_passage_stays_while_key_and_route_say_the_same() -> None:
    memory = Memory()
    passages = passages_of(memory)
    first = the_passage(passages, START)
    # Renewed, as they are every second or so, and the same.
    memory.key, memory.routes["acme/echo", ""] = a_key(), a_route()
    assert the_passage(passages, START + 10_000_000) is first
    memory.key, memory.changes = a_key(), 1
    assert the_passage(passages, START + 10_000_001) is first
    assert len(memory.looked_up) == 5
    memory.key, memory.changes = a_key(team_slug="renamed"), 2
    assert the_passage(passages, START + 10_000_002) is not first


@pytest.mark.parametrize(
    ("changed_key", "changed_route"),
    [
        ({"limits": RateLimits(requests_per_second=1)}, {}),
        ({"scopes": (LimitedScope("s", "key", "tokens", 5),)}, {}),
        ({"permissions": frozenset[str]()}, {}),
        ({"allowed_listings": frozenset({"lst_other"})}, {}),
        ({}, {"credential": Credential("vendor.example", "authorization", "Bearer new")}),
        ({}, {"price": Price("prc_2", 1, 2)}),
        ({}, {"endpoint_url": "https://vendor.example/v2"}),
    ],
)
def test_whatever_changes_of_key_or_route_makes_another_passage(
    changed_key: dict[str, Any], changed_route: dict[str, Any]
) -> None:
    memory = Memory()
    passages = passages_of(memory)
    first = the_passage(passages, START)
    memory.key, memory.routes["acme/echo", ""] = replace(a_key(), **changed_key), replace(a_route(), **changed_route)
    second = the_passage(passages, START + 250_000)
    assert second is not first
    assert second is not None
    assert (second.terms.key, second.terms.route) == (memory.key, memory.routes["acme/echo", ""])


def test_what_callers_write_is_kept_within_bounds() -> None:
    memory = Memory()
    passages = passages_of(memory)
    by_path = Call("chat/completions", "acme/echo")
    shared = {id(the_passage(passages, START, by_path, b'{"model":"%d"}' % number)) for number in range(100)}
    assert len(shared) == 1, "a model beside a listing in the path says nothing"
    memory.routes |= {(f"acme/{number}", ""): a_route() for number in range(200)}
    for number in range(200):
        the_passage(passages, START, body=b'{"model":"acme/%d"}' % number)
    of_key = passages.of_key(SENT, START)
    assert of_key is not None
    assert len(of_key.by_question) <= 32


def test_nothing_is_kept_of_a_key_or_a_route_that_went() -> None:
    memory = Memory()
    passages = passages_of(memory)
    the_passage(passages, START)
    memory.routes.clear()
    assert the_passage(passages, START + 250_000) is None
    of_key = passages.of_key(SENT, START + 250_000)
    assert of_key is not None
    assert not of_key.by_question
    memory.key, memory.changes = None, 1
    assert passages.of_key(SENT, START + 250_001) is None
    assert not passages._of_keys
