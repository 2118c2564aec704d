"""Testing an endpoint: what good answers look like, what is refused, and where a probe may connect at all."""

import json
from typing import Any

import pytest
from fakes.vendor_endpoint import FakeVendor
from fixtures.publishing_actions import Bench, content

from publishing.listings.version_content import Endpoint
from publishing.probes.actions import Effort, ProbeEndpoint
from publishing.probes.errors import (
    EndpointAddressRefused,
    EndpointInsecure,
    EndpointUnhealthy,
    EndpointUnreachable,
    EndpointUnreliable,
)
from publishing.probes.pinned_client import vetted_address
from publishing.probes.ports import Reply, StreamedReply
from publishing.probes.rules import Sample, fault_of_chat, fault_of_stream, figures, percentile, reveals

GOOD = {"choices": [{"message": {"content": "yes"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}


async def test_figures_land_on_the_version() -> None:
    bench = Bench(vendor=FakeVendor())
    receipt = await bench.submitted()
    report = await probe_of(bench)(receipt.run_id)
    assert report["security"] == {
        "tls": False,
        "tls_waived": True,
        "auth": "bearer",
        "without_key": 401,
        "with_wrong_key": 401,
        "key_echoed": False,
    }
    measured = bench.listings.tables.versions[receipt.run_id].measurements
    assert (measured.latency_p95_ms, measured.time_to_first_token_ms, measured.error_rate) == (100.0, 5.0, 0.0)


def probe_of(bench: Bench) -> ProbeEndpoint:
    return ProbeEndpoint(
        bench.listings, bench.seal, bench.vendor, frozenset({"127.0.0.1:3010"}), bench.clock, Effort(2, 1)
    )


@pytest.mark.parametrize(
    ("vendor", "error"),
    [
        (FakeVendor(status=500), EndpointUnhealthy),
        (FakeVendor(answer={"choices": []}), EndpointUnhealthy),
        (FakeVendor(answer={**GOOD, "usage": None}), EndpointUnhealthy),
        (FakeVendor(open_door=True), EndpointInsecure),
        (FakeVendor(dead_after=0), EndpointUnreachable),
        (FakeVendor(dead_after=4), EndpointUnreliable),
    ],
)
async def test_a_bad_endpoint_is_named_for_what_it_is(vendor: FakeVendor, error: type[Exception]) -> None:
    bench = Bench(vendor=vendor)
    receipt = await bench.submitted()
    with pytest.raises(error):
        await probe_of(bench)(receipt.run_id)


async def test_an_endpoint_that_shows_its_key_is_insecure() -> None:
    bench = Bench(vendor=FakeVendor())
    bench.vendor.answer = {**GOOD, "echo": "vendor-secret"}
    receipt = await bench.submitted()
    with pytest.raises(EndpointInsecure, match="its own key"):
        await probe_of(bench)(receipt.run_id)


async def test_a_declared_key_must_be_given_and_an_open_endpoint_needs_none() -> None:
    bench = Bench(vendor=FakeVendor(open_door=True))
    keyless = await bench.submitted(credential=None)
    with pytest.raises(EndpointInsecure, match="none was given"):
        await probe_of(bench)(keyless.run_id)
    endpoint = Endpoint("http://127.0.0.1:3010/v1", "openai", "m", "none")
    opened = await bench.submitted(name="open", credential=None, content=content(endpoint=endpoint))
    assert (await probe_of(bench)(opened.run_id))["security"]["open_to_all"] is True


async def test_a_model_that_makes_vectors_is_asked_for_one() -> None:
    vectors = {"data": [{"embedding": [0.5, 0.5]}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}
    bench = Bench(vendor=FakeVendor(answer=vectors))
    embedding = await bench.submitted(content=content(category="embeddings"))
    report = await probe_of(bench)(embedding.run_id)
    assert report["benchmark"]["calls"] == 2
    assert all("input" in call for call in bench.vendor.calls)
    talking = await bench.submitted(name="talking")
    with pytest.raises(EndpointUnhealthy, match="chat completion"):
        await probe_of(bench)(talking.run_id)
    bench.vendor.answer = {"data": [{"embedding": []}], "usage": {"prompt_tokens": 4}}
    with pytest.raises(EndpointUnhealthy, match="no vector"):
        await probe_of(bench)(embedding.run_id)


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "{}", "null", "[" * 5000, json.dumps({**GOOD, "choices": {}}), json.dumps({**GOOD, "choices": [None]})],
)
def test_answers_of_another_shape_have_a_fault(answer: str) -> None:
    assert fault_of_chat(Reply(200, answer, 1.0)) is not None
    assert fault_of_chat(Reply(200, json.dumps(GOOD), 1.0)) is None
    assert fault_of_chat(Reply(302, json.dumps(GOOD), 1.0)) is not None


def test_streams_must_end_and_count() -> None:
    def stream(*events: str, status: int = 200) -> str | None:
        return fault_of_stream(StreamedReply(status, events, 1.0, 2.0))

    usage = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 2}})
    assert stream("{}", usage, "[DONE]") is None
    for bad in [(), ("[DONE]",), ("{}", usage), ("x", "[DONE]"), ("{}", "[DONE]")]:
        assert stream(*bad) is not None
    assert stream("{}", usage, "[DONE]", status=500) is not None


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 95), percentile(values, 99)) == (50, 95, 99)
    assert percentile([], 50) is None
    measured = figures([Sample(None), Sample(10.0), Sample(30.0, 2.0, 5.0), Sample(20.0)], "2026-11-21T00:00:00Z")
    assert (measured.error_rate, measured.latency_p50_ms, measured.time_to_first_token_ms) == (0.25, 20.0, 2.0)


def test_half_a_long_secret_is_a_secret_too() -> None:
    assert reveals("... sk-0123456789ab ...", "sk-0123456789abcdefghij")
    assert not reveals("sk-", "sk-0123456789abcdefghij")


@pytest.mark.parametrize(
    ("url", "addresses", "error"),
    [
        ("https://vendor.com/v1", ["93.184.216.34"], None),
        ("https://vendor.com/v1", ["93.184.216.34", "10.0.0.1"], EndpointAddressRefused),
        ("https://vendor.com/v1", ["169.254.169.254"], EndpointAddressRefused),
        ("https://vendor.com/v1", ["::1"], EndpointAddressRefused),
        ("https://vendor.com/v1", ["fe80::1%eth0"], EndpointAddressRefused),
        ("https://vendor.com/v1", ["::ffff:10.0.0.1"], EndpointAddressRefused),
        ("https://vendor.com/v1", [], EndpointUnreachable),
        ("https://localhost/v1", ["93.184.216.34"], EndpointAddressRefused),
        ("http://127.0.0.1:3010/v1", ["127.0.0.1"], None),
        ("http://127.0.0.1:3011/v1", ["127.0.0.1"], EndpointAddressRefused),
        ("http://0x7f000001/v1", ["127.0.0.1"], EndpointAddressRefused),
    ],
)
async def test_only_vetted_addresses_are_called(url: str, addresses: list[str], error: Any) -> None:
    async def resolver(_host: str, _port: int) -> list[str]:
        return addresses

    if error is None:
        assert await vetted_address(url, {"127.0.0.1:3010"}, resolver) == addresses[0]
    else:
        with pytest.raises(error):
            await vetted_address(url, {"127.0.0.1:3010"}, resolver)
