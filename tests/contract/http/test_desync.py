"""Real requests made to put two servers out of step: what the relay hands on can be read in one way only.

The labelled requests are those of the public suite desync-guardian. Severe ones are refused and the connection ends.
Ambiguous ones are refused or become plain. Compliant ones arrive, but for those in a table below.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from fixtures.real_inputs import real_input, real_inputs_folder
from fixtures.report import tell
from fixtures.scripted_upstream import always_ok
from fixtures.wire_relay import RelayHouse, relay_house

FOLDER = "http/desync-guardian"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: smuggled\r\n\r\n"
# Labelled compliant, yet refused here: part of the raw request, and the clause.
NOT_TAKEN = {
    b"\r\nTransfer-Encoding: +gzip": "RFC 9112, 6.1: a transfer coding that a server does not know is refused",
    b"\r\nTransfer-Encoding: +deflate": "RFC 9112, 6.1: as above; chunked alone is known",
    b"chunked;custom_param": "RFC 9112, 7: chunked has no parameters, their presence is an error",
    "символы".encode(): "RFC 3986, 2: a URI is ASCII",
    b"GET  HTTP/1.1": "RFC 9112, 3.2: a target is never empty",
    b"/user:pass123@": "RFC 9112, 3.2.1: an origin form has no fragment, which this one has",
}
_FRAMING = re.compile(rb"\r\n((?:transfer|content)[^a-z0-9]*(?:encoding|length)): ([^\r]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Case:
    """One request of the suite."""

    name: str
    tier: str
    head: bytes
    body: bytes

    @property
    def raw(self) -> bytes:
        return self.head + self.body


def _bytes(value: Any) -> bytes:
    text = str(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _case(row: dict[str, Any]) -> Case:
    headers = [(_bytes(item["name"]), _bytes(item["value"])) for item in row.get("headers") or []]
    if not any(name.lower() == b"host" for name, _ in headers):
        headers.insert(0, (b"Host", b"gateway"))
    line = b" ".join(filter(None, (_bytes(row["method"]), _bytes(row["uri"]) or b" ", _bytes(row["version"] or ""))))
    line = line.replace(b"   ", b"  ")
    head = line + b"\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in headers) + b"\r\n"
    if re.search(rb"\n[^a-z]*transfer.{0,3}encod", head, re.IGNORECASE):
        body = b"5\r\nhello\r\n0\r\n\r\n"
    else:
        found = re.search(rb"\r\nContent-Length: *([0-9]+) *\r\n", head)
        body = b"x" * int(found[1]) if found and len(found[1]) < 8 else b""
    return Case(row["name"], row["expected"]["tier"], head, body)


@cache
def cases(tier: str) -> list[Case]:
    """All requests of a tier."""
    folder = real_inputs_folder() / FOLDER
    rows = [row for file in sorted(folder.glob("*.yaml")) for row in yaml.safe_load(file.read_text("utf-8"))]
    return [case for case in map(_case, rows) if case.tier == tier]


async def _send(world: RelayHouse, raw: bytes) -> tuple[list[int], bytes]:
    """Statuses until the connection ends, which the last request asks for; and what was handed on."""
    before = len(world.upstream.received)
    line = await world.house.line()
    line.send(raw)
    line.send(b"GET /last HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n")
    got = await line.rest()
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([2-5]\d\d) ", got)], world.upstream.received[before:]


async def test_severe_requests_are_refused_and_nothing_of_them_is_handed_on() -> None:
    real_input(FOLDER)
    async with relay_house(always_ok) as world:
        for case in cases("Severe"):
            statuses, handed_on = await _send(world, case.raw + SMUGGLED)
            assert (len(statuses), handed_on) == (1, b""), case.name
            assert 400 <= statuses[0] < 500, case.name
    tell(f"{len(cases('Severe'))} severe requests, all refused, nothing handed on")


async def test_ambiguous_requests_are_refused_or_become_plain() -> None:
    real_input(FOLDER)
    refused = 0
    async with relay_house(always_ok) as world:
        for case in cases("Ambiguous"):
            statuses, handed_on = await _send(world, case.raw + SMUGGLED)
            if 400 <= statuses[0] < 500:
                assert (len(statuses), handed_on) == (1, b""), case.name
                refused += 1
                continue
            first, _, _ = handed_on.partition(b"\r\n\r\n")
            framing = _FRAMING.findall(first)
            assert len(framing) <= 1, case.name
            assert all(name.lower() == b"content-length" and value.isdigit() for name, value in framing), case.name
            assert handed_on.count(b" HTTP/1.1\r\n") == statuses.count(200), case.name
    tell(f"{len(cases('Ambiguous'))} ambiguous requests: {refused} refused, the others handed on in one reading")


async def test_compliant_requests_arrive() -> None:
    real_input(FOLDER)
    refused: list[bytes] = []
    async with relay_house(always_ok) as world:
        for case in cases("Compliant"):
            statuses, handed_on = await _send(world, case.raw)
            if statuses[0] == 200:
                assert (statuses, handed_on.count(b" HTTP/1.1\r\n")) == ([200, 200], 2), case.name
            else:
                reasons = [reason for part, reason in NOT_TAKEN.items() if re.search(part, case.head)]
                assert reasons, (case.name, statuses)
                assert (len(statuses), handed_on) == (1, b""), case.name
                refused.append(case.head)
    assert all(any(re.search(part, head) for head in refused) for part in NOT_TAKEN)
    tell(f"{len(cases('Compliant'))} compliant requests, {len(refused)} of them refused by the table")


async def test_deviations_that_may_be_tolerated_put_nobody_out_of_step() -> None:
    real_input(FOLDER)
    async with relay_house(always_ok) as world:
        for case in cases("Acceptable"):
            statuses, handed_on = await _send(world, case.raw)
            assert handed_on.count(b" HTTP/1.1\r\n") == statuses.count(200), case.name
            assert statuses == [200, 200] or (len(statuses) == 1 and statuses[0] == 400), case.name
