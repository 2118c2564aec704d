"""The comparison as tables, and as JSON in a folder of its own."""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from measuring import CONNECTIONS, CROWDS, MANY_STREAMS, RATES, Sample
from peers import Peer
from peers_shelf import ROOT
from scale import is_smoke
from tables import Cell, print_table
from targets import TARGETS, Results
from whose_turn import may_go_first

RESULTS = ROOT / ".benchmarks"
_NOT_HERE = "not here"


def show(peers: Mapping[str, Peer], direct: Sample, results: Results, rounds: int, plain_by: str) -> None:
    """Every table."""
    _cost_table(peers, direct, results, rounds, plain_by)
    _latency_table(peers, results)
    _stream_table(peers, direct, results)
    _size_table(peers, results)
    verdicts = [[target.what, target.asked, *target.verdict(results)] for target in TARGETS]
    notes = ["A smoke run: these figures mean nothing."] if is_smoke() else []
    print_table("What ours is meant to reach", ["figure", "meant", "is", "verdict"], verdicts, *notes)


def _rows(peers: Mapping[str, Peer], results: Results, names: Sequence[str]) -> list[list[Cell]]:
    return [[peer.name, peer.mode, *_figures(results.get(short), names)] for short, peer in peers.items()]


def _figures(sample: Sample | None, names: Sequence[str]) -> list[Cell]:
    if sample is None:
        return [_NOT_HERE, *[""] * (len(names) - 1)]
    return [sample.get(name, "-") for name in names]


def _cost_table(peers: Mapping[str, Peer], direct: Sample, results: Results, rounds: int, plain_by: str) -> None:
    rows: list[list[Cell]] = []
    for short, peer in peers.items():
        sample = results.get(short)
        if sample is None:
            rows.append([peer.name, peer.mode, _NOT_HERE, "", "", ""])
            continue
        rows.append(_cost_row(peer.name, peer.mode, sample["cpu_ms"], sample))
        if sample["whole_cpu_ms"] > sample["cpu_ms"]:
            rows.append(_cost_row(f"{peer.name}, settlement too", peer.mode, sample["whole_cpu_ms"], sample))
    fastest = max((sample["closed_rate"] for sample in results.values()), default=0.0)
    carried = direct["closed_rate"] / fastest if fastest else 0.0
    print_table(
        f"A plain call: {CONNECTIONS} connections without pause, medians of {rounds} rounds",
        ["gateway", "mode", "calls a CPU second", "CPU s per 1,000 calls", "calls/s seen", "refused"],
        rows,
        "Ours and each other run at once and are called in turns; ratios are within a turn.",
        f"CPU of the whole tree of the gateway, on one core; vendor ({plain_by}) and callers on the other.",
        f"Straight to the vendor {direct['closed_rate']:,.0f} calls/s, {carried:.1f} times the fastest gateway"
        + (": read calls a second too." if carried >= 3 else ": less than three times, so read CPU, not calls seen."),
        "Settlement: consumption, its worker, PostgreSQL and Valkey, to the last call, less what they use at rest.",
        "bare: passes on. one key: compares it. full: key, rate, quota, budget, price, journal, settlement.",
        f"Those written in Python, ours among them, on {sys.executable}, {platform.python_version()}.",
    )


def _cost_row(name: str, mode: str, cpu_ms: float, sample: Sample) -> list[Cell]:
    per_second = 1000 / cpu_ms if cpu_ms else 0.0
    return [name, mode, per_second, cpu_ms, sample["closed_rate"], int(sample["refused"])]


def _latency_table(peers: Mapping[str, Peer], results: Results) -> None:
    names = ["alone_added_p50", "alone_added_p99"]
    columns = ["alone p50", "alone p99"]
    for rate in RATES:
        names += [f"added_open_{rate}_p50", f"added_open_{rate}_p99"]
        columns += [f"{rate}/s p50", f"{rate}/s p99"]
    print_table(
        "Milliseconds added to a plain call",
        ["gateway", "mode", *columns],
        _rows(peers, results, names),
        "Alone: one call at a time, in turns with the vendor. At a rate: from the moment meant, late or not.",
        "-: above four fifths of its ceiling, where only the queue would be seen.",
        _who_goes_first(),
    )


def _who_goes_first() -> str:
    """On two cores vendor and callers must share one with all that stands behind our gateway."""
    if may_go_first():
        return "Here and with streams vendor and callers go before what settles calls, as on machines of their own."
    return "Vendor and callers wait their turn with what settles calls: this user may not let them go first."


def _stream_table(peers: Mapping[str, Peer], direct: Sample, results: Results) -> None:
    names, columns = list[str](), list[str]()
    for crowd in CROWDS:
        names += [f"added_streams_{crowd}_first_p50", f"added_streams_{crowd}_first_p99", f"streams_{crowd}_cpu_ms"]
        columns += [f"{crowd}: first p50", "first p99", "CPU ms a frame"]
    names += ["unpaced_cpu_ms", "many_whole", "many_stalled"]
    columns += ["unpaced: CPU ms a frame", f"whole of {MANY_STREAMS}", "stalled"]
    print_table(
        "Streams of 64 tokens, 20 ms apart: milliseconds added to the first frame, CPU of a frame",
        ["gateway", "mode", *columns],
        _rows(peers, results, names),
        "Stalled: a gap of ten times the pace. Straight to the vendor:"
        f" {direct['many_whole']:.0f} of {MANY_STREAMS} whole, {direct['many_stalled']:.0f} stalled.",
    )


def _size_table(peers: Mapping[str, Peer], results: Results) -> None:
    rows = _rows(peers, results, ["idle_mib", "peak_mib", "cold_start"])
    columns = ["gateway", "mode", "MiB at first answer", "MiB at most", "seconds to first 200"]
    print_table("Memory (PSS of the tree) and cold start", columns, rows)


def keep(direct: Sequence[Sample], rounds: Mapping[str, Sequence[Sample]], results: Results) -> Path:
    """Everything that was measured, round by round; the file."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"consume-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    verdicts = [{"what": one.what, "meant": one.asked, "is": one.verdict(results)[0]} for one in TARGETS]
    said = {
        "smoke": is_smoke(),
        "load_average": os.getloadavg(),
        "direct": list(direct),
        "rounds": {name: list(samples) for name, samples in rounds.items()},
        "medians": dict(results),
        "targets": verdicts,
    }
    file.write_text(json.dumps(said, indent=1))
    return file
