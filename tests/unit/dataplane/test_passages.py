"""Passages are shared by calls for a moment, and never outlive what they were made of."""

import pytest
from fakes.call_door import KEY, PEPPER, START, a_key, a_route

from dataplane.door_paths import Call
from dataplane.key_check import Authenticate, SentKey, key_digest
from dataplane.passages import Passages
from dataplane.records import KeyRecord, Route
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


def the_version(passages: Passages, now: int, what: Call = CHAT, body: bytes = BODY) -> str | None:
    of_key = passages.of_key(SENT, now)
    assert of_key is not None
    passage = passages.known(of_key, what, read_request("chat/completions", body), now)
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
    request = read_request("chat/completions", BODY)

    def passage(now: int) -> object:
        of_key = passages.of_key(SENT, now)
        assert of_key is not None
        return passages.known(of_key, CHAT, request, now)

    first = passage(START)
    # Renewed, as they are every second or so, and the same.
    memory.key, memory.routes["acme/echo", ""] = a_key(), a_route()
    assert passage(START + 10_000_000) is first
    memory.key, memory.changes = a_key(), 1
    assert passage(START + 10_000_001) is first
    assert len(memory.looked_up) == 5
    memory.key, memory.changes = a_key(team_slug="renamed"), 2
    assert passage(START + 10_000_002) is not first
