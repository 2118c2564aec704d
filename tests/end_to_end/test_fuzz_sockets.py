"""Rubbish below the level of documents: heads and bodies that no client would send, at the gateway and at a service.

Nothing may end in a 5xx, hang, or open a guarded path; and whoever asks properly afterwards is served as ever.
"""

import json
import random

import pytest
from fixtures.fuzzed_fleet import FuzzedFleet
from fixtures.raw_http import PATIENCE_SECONDS, RawAnswer, raw_answer
from fixtures.report import tell

pytestmark = pytest.mark.fleet_fuzz
SEED = 20261121
CLOSE = b"Connection: close\r\n"
MEGABYTE = 1024 * 1024


def head(target: bytes = b"/api/v1/keys", *headers: bytes, method: bytes = b"GET", host: bytes = b"localhost") -> bytes:
    return b"%s %s HTTP/1.1\r\nHost: %s\r\n%s%s\r\n" % (method, target, host, CLOSE, b"".join(headers))


def post(body: bytes, target: bytes = b"/api/v1/search", *headers: bytes) -> bytes:
    return head(target, b"Content-Type: application/json\r\n", *headers, method=b"POST") + body


def sized(body: bytes, target: bytes = b"/api/v1/search") -> bytes:
    return post(body, target, b"Content-Length: %d\r\n" % len(body))


def chunked(*chunks: bytes) -> bytes:
    return post(b"".join(chunks), b"/api/v1/search", b"Transfer-Encoding: chunked\r\n")


TOKEN = b"Authorization: Bearer "
# Each must be answered below 500 and never with success: the paths are guarded, the bodies are wrong.
GUARDED = {
    "NUL in the path": head(b"/api/v1/keys\x00"),
    "NUL in the path, written out": head(b"/api/v1/keys/%00"),
    "two slashes": head(b"//api/v1/keys"),
    "dots written out": head(b"/health/%2e%2e/api/v1/keys"),
    "dots": head(b"/docs/static/../../api/v1/keys"),
    "path parameters": head(b"/api/v1/keys;/health"),
    "absolute address": head(b"http://localhost/api/v1/keys"),
    "absolute address of another": head(b"http://169.254.169.254/latest/meta-data"),
    "address as a path": head(b"http:/api/v1/keys"),
    "star": head(b"*", method=b"OPTIONS"),
    "connect": head(b"localhost:1", method=b"CONNECT"),
    "backslashes": head(b"\\api\\v1\\keys"),
    "not UTF-8": head(b"/api/v1/keys/\xff\xfe"),
    "not UTF-8, written out": head(b"/api/v1/keys/%ff%fe?cursor=%ed%a0%80"),
    "long path": head(b"/api/v1/keys/" + b"a" * 100_000),
    "long query": head(b"/api/v1/keys?cursor=" + b"a" * 100_000),
    "host with a query": head(host=b"x/?#@"),
    "host of another": head(host=b"admin.internal:3004"),
    "host with a line": head(host=b"x\r\nX-Forwarded-Host: y"),
    "two hosts": head(b"/api/v1/keys", b"Host: other\r\n"),
    "no host": b"GET /api/v1/keys HTTP/1.1\r\n" + CLOSE + b"\r\n",
    "spoofed origin": head(b"/api/v1/keys", b"X-Forwarded-For: 127.0.0.1\r\nX-Original-URL: /health\r\n"),
    "spoofed method": head(b"/api/v1/keys", b"X-HTTP-Method-Override: GET\r\n", method=b"DELETE"),
    "header of a megabyte": head(b"/api/v1/keys", b"X-Long: " + b"a" * MEGABYTE + b"\r\n"),
    "ten thousand headers": head(b"/api/v1/keys", *(b"X-%d: a\r\n" % number for number in range(10_000))),
    "token of a megabyte": head(b"/api/v1/keys", TOKEN + b"a" * MEGABYTE + b"\r\n"),
    "token with SQL": head(b"/api/v1/keys", TOKEN + b"' OR 1=1; DROP TABLE accounts; --\r\n"),
    "token with NUL": head(b"/api/v1/keys", TOKEN + b"a\x00b\r\n"),
    "token that is not ASCII": head(b"/api/v1/keys", TOKEN + b"\xc3\xa4\xff\r\n"),
    "two tokens": head(b"/api/v1/keys", TOKEN + b"a\r\n", TOKEN + b"b\r\n"),
    "token of another scheme": head(b"/api/v1/keys", b"Authorization: Basic OTo5\r\n"),
    "folded header": head(b"/api/v1/keys", b"X-Folded: a\r\n b\r\n"),
    "header without a name": head(b"/api/v1/keys", b": a\r\n"),
    "header without a colon": head(b"/api/v1/keys", b"nonsense\r\n"),
    "line feeds alone": b"GET /api/v1/keys HTTP/1.1\nHost: localhost\n" + CLOSE + b"\n",
    "HTTP/9.9": b"GET /api/v1/keys HTTP/9.9\r\nHost: localhost\r\n\r\n",
    "no version": b"GET /api/v1/keys\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "long method": head(method=b"A" * 10_000),
    "length and chunks": chunked(b"0\r\n\r\n").replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n", 1),
    "two lengths": post(b"{}", b"/api/v1/search", b"Content-Length: 2\r\n", b"Content-Length: 20\r\n"),
    "length below zero": post(b"{}", b"/api/v1/search", b"Content-Length: -1\r\n"),
    "length that is no number": post(b"{}", b"/api/v1/search", b"Content-Length: two\r\n"),
    "length past all numbers": post(b"{}", b"/api/v1/search", b"Content-Length: " + b"9" * 40 + b"\r\n"),
    "chunk that is no number": chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk below zero": chunked(b"-2\r\n{}\r\n0\r\n\r\n"),
    "chunk past all numbers": chunked(b"f" * 40 + b"\r\n{}\r\n0\r\n\r\n"),
    "chunk that goes on": chunked(b"2\r\n{}extra\r\n0\r\n\r\n"),
    "unknown transfer": post(b"{}", b"/api/v1/search", b"Transfer-Encoding: zip\r\n", b"Content-Length: 2\r\n"),
    "nested ten thousand deep": sized(b'{"filters":' + b"[" * 10_000 + b"]" * 10_000 + b"}"),
    "opened and never closed": sized(b"[" * 100_000),
    "number without an end": sized(b'{"limit":' + b"9" * 100_000 + b"}"),
    "no number": sized(b'{"limit":NaN}'),
    "lone surrogate": sized(b'{"query":"\\ud800"}'),
    "not UTF-8 in the body": sized(b'{"query":"\xff\xfe"}'),
    "million fields": sized(b"{" + b",".join(b'"%d":0' % number for number in range(60_000)) + b"}"),
    "two megabytes": sized(b'{"query":"' + b"a" * 2 * MEGABYTE + b'"}'),
    "two megabytes in chunks": chunked(*[b"10000\r\n" + b"a" * 65_536 + b"\r\n"] * 32, b"0\r\n\r\n"),
    "nothing": sized(b""),
    "call nested deep": sized(b'{"messages":' + b"[" * 10_000, b"/v1/chat/completions"),
    "call by nobody": sized(b'{"model":"demo/demo-chat","messages":[]}', b"/v1/chat/completions"),
}


def judge(name: str, answer: RawAnswer) -> str | None:
    """What is wrong with an answer, if anything; a connection that is closed without a word is a refusal too."""
    if answer.hung:
        return f"{name}: still open after {PATIENCE_SECONDS:.0f} s"
    if any(status >= 500 or 200 <= status < 300 for status in answer.statuses):
        return f"{name}: {answer.statuses} {answer.text}"
    return None


def check_healthy(fuzzed: FuzzedFleet) -> None:
    assert fuzzed.publisher.ask("GET", "/api/v1/keys").status_code == 200
    assert fuzzed.fleet.http.get(f"{fuzzed.url('gateway')}/ready").status_code == 200


@pytest.mark.parametrize("service", ["gateway", "consumption", "discovery"])
def test_no_rubbish_breaks_or_opens_a_door(fuzzed_fleet: FuzzedFleet, service: str) -> None:
    url = fuzzed_fleet.url(service)
    answers = {name: raw_answer(url, sent) for name, sent in GUARDED.items()}
    wrong = [found for name, answer in answers.items() if (found := judge(name, answer))]
    slowest = max(answer.seconds for answer in answers.values())
    tell(f"raw bytes:    {service:12} {len(answers):4} kinds of rubbish, slowest answer {slowest:.2f} s")
    assert not wrong, "\n".join(wrong)
    check_healthy(fuzzed_fleet)


@pytest.mark.parametrize("service", ["gateway", "admin"])
def test_mutilated_requests_are_refused(fuzzed_fleet: FuzzedFleet, service: str) -> None:
    """A good request with bytes taken out, doubled, or exchanged."""
    draw = random.Random(SEED)
    good = sized(json.dumps({"email": "nobody@nowhere.test", "password": "wrong-1-Password"}).encode(), b"/auth/login")
    wrong: list[str] = []
    for number in range(300):
        sent = bytearray(good)
        for _ in range(draw.randint(1, 6)):
            place = draw.randrange(len(sent))
            sent[place : place + draw.randint(0, 3)] = draw.randbytes(draw.randint(0, 3))
        # What lacks its end would only wait for it.
        answer = raw_answer(fuzzed_fleet.url(service), bytes(sent) + b"\r\n\r\n" + b" " * 100 + b"\r\n\r\n")
        if found := judge(f"mutilation {number}: {bytes(sent)!r}", answer):
            wrong.append(found)
    tell(f"raw bytes:    {service:12}  300 mutilated requests, seed {SEED}")
    assert not wrong, "\n".join(wrong)
    check_healthy(fuzzed_fleet)


@pytest.mark.parametrize("service", ["gateway", "discovery"])
def test_slow_and_broken_off_requests_hold_nobody_up(fuzzed_fleet: FuzzedFleet, service: str) -> None:
    url = fuzzed_fleet.url(service)
    broken_off = raw_answer(url, head()[:-2] + b"X-Slow: a", b"b", pause=0.1)
    half = raw_answer(url, post(b'{"query":', b"/api/v1/search", b"Content-Length: 1000\r\n"), b'"a', pause=0.1)
    dripping = raw_answer(url, chunked(b""), *(b"1\r\na\r\n" for _ in range(20)), b"0\r\n\r\n", pause=0.05)
    wrong = [judge("head", broken_off), judge("body", half), judge("drops", dripping)]
    waits = f"a head without an end ends after {broken_off.seconds:.0f} s, a body after {half.seconds:.0f} s"
    tell(f"raw bytes:    {service:12} {waits}")
    assert wrong == [None, None, None]
    check_healthy(fuzzed_fleet)
