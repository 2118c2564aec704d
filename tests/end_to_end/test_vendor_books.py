"""Our books beside a vendor's own: under gateways killed at named points, and through an hour of real calls.

KILL_CAMPAIGN=full kills 1,000 gateways over 100,000 calls, in legs; one that was broken off goes on where it was.
TRACE_REPLAY=full replays the whole hour in three minutes. Without them a sample of either.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from statistics import median, quantiles

import pytest
from fixtures.billed_marketplace import (
    MODEL,
    BilledMarketplace,
    MortalGateway,
    a_billed_marketplace,
    wait_until_settled,
)
from fixtures.call_audit import Audit
from fixtures.campaign_record import CampaignRecord
from fixtures.counting_callers import Crowd, End
from fixtures.killed_gateways import Killing, hunt
from fixtures.real_inputs import real_input
from fixtures.real_trace import TracedCall, read_trace
from fixtures.report import tell
from fixtures.running_fleet import until
from fixtures.trace_replay import SPEED, Replay

pytestmark = pytest.mark.campaign
ALL_KILLS = os.environ.get("KILL_CAMPAIGN") == "full"
LEGS = 20 if ALL_KILLS else 1
KILLS = 50
CALLS = 5_000 if ALL_KILLS else 0
LONGER = 4 if ALL_KILLS else 1
SEED = int(os.environ.get("KILL_SEED", "20261129"))
WHOLE_TRACE = os.environ.get("TRACE_REPLAY") == "full"
SAMPLE = 400
MOST_ERRORS = 0.0003


@pytest.fixture(scope="module")
def billed_marketplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BilledMarketplace]:
    with a_billed_marketplace(tmp_path_factory.mktemp("billed")) as marketplace:
        yield marketplace


@pytest.fixture(scope="module")
def record() -> CampaignRecord:
    """What legs of this campaign have shown, also those of an earlier run that was broken off."""
    return CampaignRecord.open("killed-gateways", SEED, keeps=ALL_KILLS)


@pytest.mark.parametrize("leg", range(1, LEGS + 1))
def test_killed_gateways_neither_lose_nor_double_a_settled_call(
    billed_marketplace: BilledMarketplace, record: CampaignRecord, capfd: pytest.CaptureFixture[str], leg: int
) -> None:
    if record.holds(leg):
        pytest.skip("this leg ended well in an earlier run")
    key = billed_marketplace.key(f"leg-{leg}")
    with (
        billed_marketplace.gateway(f"mortal-{leg}-a") as first,
        billed_marketplace.gateway(f"mortal-{leg}-b") as second,
    ):
        killings = [Killing(one, SEED + leg * 10 + n, KILLS // 2, LONGER) for n, one in enumerate((first, second))]
        crowd = Crowd(key["key"], MODEL, [first.port, second.port], SEED + leg)
        with capfd.disabled():
            hunt(killings, crowd, record, LEGS * KILLS, CALLS)
        for one in (first, second):
            wait_until_settled(one)
            os.kill(one.pid, signal.SIGTERM)
            assert one.ended() == 0
    require_agreement(billed_marketplace, key["id"], killings, crowd)
    record.add(leg, summary(billed_marketplace, key["id"], killings, crowd))


def require_agreement(marketplace: BilledMarketplace, key_id: str, killings: list[Killing], crowd: Crowd) -> None:
    audit = Audit.of(marketplace.fleet, key_id)
    tokens = {called.token for called in crowd.done}
    billed = [line for line in marketplace.billed() if line["token"] in tokens]
    assert not audit.findings(billed, crowd.done).all
    assert audit.scopes
    assert all(scope.leased == 0 for scope in audit.scopes), "every holder is sealed"
    # What the journals left open is what is unknown, and no call whose caller got its whole answer is among them.
    assert audit.unknown == set[str]().union(*(killing.open_calls for killing in killings))
    assert not audit.unknown & {called.call_id for called in crowd.done if called.end is End.ANSWERED}
    assert len(audit.unknown) <= crowd.ends[End.BROKEN] + crowd.ends[End.LEFT]
    assert audit.outcomes["completed"] > 0


def summary(marketplace: BilledMarketplace, key_id: str, killings: list[Killing], crowd: Crowd) -> dict[str, int]:
    audit = Audit.of(marketplace.fleet, key_id)
    hits = sum((killing.hits for killing in killings), Counter[str]())
    ends = {f"calls {end}": count for end, count in crowd.ends.items()}
    outcomes = {f"rows {outcome}": count for outcome, count in audit.outcomes.items()}
    return {f"killed {point}": count for point, count in hits.items()} | ends | outcomes


def test_the_campaign_says_what_it_proves(record: CampaignRecord) -> None:
    totals = record.totals()
    kills = sum(count for name, count in totals.items() if name.startswith("killed "))
    assert kills >= LEGS * KILLS
    settled = totals["rows completed"]
    for kind in ("killed", "calls", "rows"):
        said = ", ".join(
            f"{name.removeprefix(kind).strip()} {n}" for name, n in totals.items() if name.startswith(kind)
        )
        tell(f"{kind}: {said}")
    tell(
        f"{kills} SIGKILLs over {settled} settled calls, none lost, none doubled, token difference 0: fewer than"
        f" {3 / kills:.1%} of such kills harm a call, fewer than {3 / settled:.2%} of calls differ (3/n, 95 % sure)"
    )
    record.forget()


def test_an_hour_of_real_calls_is_billed_as_the_vendor_bills_it(
    billed_marketplace: BilledMarketplace, capfd: pytest.CaptureFixture[str]
) -> None:
    trace = read_trace(real_input("traces/azure_llm_code_2023.csv"), None if WHOLE_TRACE else SAMPLE)
    key = billed_marketplace.key("trace")
    with billed_marketplace.gateway("traced") as gateway:
        gateway.live()
        until(gateway.answers, 30)
        replay = Replay(key["key"], gateway.port)
        with capfd.disabled():
            replay.run(trace)
        end_in_peace(gateway)
    audit = Audit.of(billed_marketplace.fleet, key["id"])
    billed = [line for line in billed_marketplace.billed() if line["token"].startswith("trace-")]
    report(replay, audit, billed, trace)
    assert not audit.findings(billed, replay.done).all
    ends = Counter(called.end for called in replay.done)
    assert ends.total() == len(trace)
    assert len(trace) - ends[End.ANSWERED] < max(1.0, MOST_ERRORS * len(trace))
    assert not audit.unknown
    exact = [row for row in audit.rows if row.is_exact]
    bill = {line["call_id"]: line["total_tokens"] for line in billed}
    assert sum(sum(row.tokens) for row in exact) == sum(bill[row.call_id] for row in exact)
    # What is not exact was cut or left, and says so.
    assert all(row.estimated for row in audit.rows if row not in exact)


def end_in_peace(gateway: MortalGateway) -> None:
    """SIGTERM, and a last life for what the first could not settle in time."""
    for last in (False, True):
        os.kill(gateway.pid, signal.SIGTERM)
        assert gateway.ended() == 0
        if not last:
            wait_until_settled(gateway)


def report(replay: Replay, audit: Audit, billed: list[dict[str, int]], trace: list[TracedCall]) -> None:
    ends = Counter(called.end for called in replay.done)
    statuses = Counter(called.status for called in replay.done if called.end is End.REFUSED)
    said = ", ".join(f"{end} {count}" for end, count in ends.items())
    refused = f", refused with {dict(statuses)}" if statuses else ""
    span = trace[-1].after / SPEED
    tell(f"{len(trace)} real calls in {span:.0f} s ({len(trace) / span:.0f}/s): {said}{refused}")
    ours = sum(sum(row.tokens) for row in audit.rows if row.is_exact)
    theirs = sum(line["total_tokens"] for line in billed)
    tell(f"tokens billed by the vendor {theirs:,}, by us {ours:,} exactly; rows: {dict(audit.outcomes)}")
    late, took = (sorted(moments) for moments in (replay.late, replay.took))
    tell(f"begun late by p99 {quantiles(late, n=100)[98] * 1000:.0f} ms; answered in p50 {median(took) * 1000:.0f} ms")
