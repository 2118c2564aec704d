"""The header, the digests, and what of a reply is kept."""

import pytest

from dataplane.idempotency import IdempotencyKeyInvalid, idempotency_key_in, refusal_of
from dataplane.kept_reply import LARGEST_BODY, lasting_lines, reply_to_keep
from dataplane.reply_claims import ClaimAnswer, Standing, body_digest, scope_digest

NAME = b"idempotency-key"
PEPPER = b"pepper"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (b"8e03978e-40d5-43dd-bc93-6894a57f9324", b"8e03978e-40d5-43dd-bc93-6894a57f9324"),
        (b'"8e03978e"', b"8e03978e"),
        (b" two words ", b"two words"),
        (b'"', b'"'),
        (b"k" * 255, b"k" * 255),
        (b'"' + b"k" * 255 + b'"', b"k" * 255),
    ],
)
def test_a_key_stands_in_quotes_or_without(value: bytes, key: bytes) -> None:
    assert idempotency_key_in([(b"host", b"x"), (NAME, value)]) == key


def test_a_request_without_the_header_has_no_key() -> None:
    assert idempotency_key_in([(b"host", b"x"), (b"x-idempotency-key", b"k")]) is None


@pytest.mark.parametrize("value", [b"", b"   ", b"k" * 256, "schlüssel".encode(), b"tab\there", b"\x7f"])
def test_what_is_no_key_is_refused_with_the_rule(value: bytes) -> None:
    with pytest.raises(IdempotencyKeyInvalid) as refused:
        idempotency_key_in([(NAME, value)])
    assert refused.value.http_status == 400
    assert "255" in refused.value.message


def test_two_keys_are_none() -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        idempotency_key_in([(NAME, b"a"), (NAME, b"a")])


def test_scopes_differ_by_api_key_path_and_key_and_never_run_into_each_other() -> None:
    scopes = [
        ("key_1", b"/v1/a", b"k"),
        ("key_2", b"/v1/a", b"k"),
        ("key_1", b"/v1/b", b"k"),
        ("key_1", b"/v1/a", b"l"),
    ]
    scopes += [("key_1", b"/v1/", b"ak"), ("key_1/", b"v1/a", b"k")]
    digests = {scope_digest(PEPPER, *scope) for scope in scopes}
    assert len(digests) == len(scopes)
    assert scope_digest(PEPPER, *scopes[0]) == scope_digest(PEPPER, *scopes[0])
    assert scope_digest(b"other", *scopes[0]) not in digests
    assert body_digest(PEPPER, b"{}") != body_digest(PEPPER, b"{ }")


@pytest.mark.parametrize(
    ("status", "charged", "fate"),
    [
        (200, True, "kept"),
        (200, False, "kept"),
        (400, False, "kept"),
        (429, False, "released"),
        (429, True, "kept"),
        (500, False, "released"),
        (503, False, "released"),
        (502, True, "kept"),
        (504, True, "kept"),
    ],
)
def test_only_what_charged_nothing_and_may_go_better_is_called_again(status: int, charged: bool, fate: str) -> None:
    reply = reply_to_keep(status, b"a: b\r\n", b"said", charged=charged)
    assert (reply.fate, reply.status) == (fate, status)
    assert reply.body == (b"said" if fate == "kept" else b"")


def test_a_body_is_kept_to_its_last_byte_and_one_byte_more_is_not() -> None:
    assert reply_to_keep(200, b"a: b\r\n", b"x" * LARGEST_BODY, charged=True).body == b"x" * LARGEST_BODY
    for larger in (b"x" * (LARGEST_BODY + 1), None):
        reply = reply_to_keep(200, b"a: b\r\n", larger, charged=True)
        assert (reply.fate, reply.header_lines, reply.body) == ("too_large", b"a: b\r\n", b"")


def test_lines_that_were_true_for_a_moment_are_not_kept() -> None:
    lasting = b"content-type: a\r\nx-request-id: call_1\r\nx-marketplace-cost-usd: 1\r\nx-marketplace-listing: a/b\r\n"
    momentary = (
        b'ratelimit: "requests";r=1\r\nRateLimit-Policy: "requests";q=1\r\nx-ratelimit-remaining-tokens: 4\r\n'
        b"retry-after: 1\r\nretry-after-ms: 900\r\nx-marketplace-quota-remaining-tokens: 5\r\n"
        b"x-marketplace-limit-value: 4\r\nx-marketplace-rate-remaining-requests: 1\r\n"
    )
    assert lasting_lines(momentary + lasting) == lasting


@pytest.mark.parametrize(
    ("standing", "code", "retry_after"),
    [
        ("different_body", "idempotency_key_reused", None),
        ("in_progress", "idempotency_call_in_progress", 1.0),
        ("unknown", "idempotency_outcome_unknown", None),
        ("too_large", "idempotency_reply_not_kept", None),
        ("caller_left", "idempotency_reply_not_kept", None),
    ],
)
def test_every_refusal_is_a_409_that_says_how_to_go_on(
    standing: Standing, code: str, retry_after: float | None
) -> None:
    error = refusal_of(ClaimAnswer(standing, "call_1", None, 20_000))
    assert (error.http_status, error.code, error.retry_after) == (409, code, retry_after)
    assert ("call_1" in error.message) == (standing != "different_body")
    assert ("new key" in error.message) == (standing != "in_progress")
    assert ("$0.00002" in error.message) == (standing in ("too_large", "caller_left"))
