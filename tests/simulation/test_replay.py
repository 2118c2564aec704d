"""A seed is a whole run: the same seed gives the same steps, in this process and in another."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from simulation.plan import plan_of
from simulation.simulation_run import run_seed

_PROGRAM = """
import hashlib, sys
from simulation.memory_disk import on_memory_disks
from simulation.simulation_run import run_seed
for seed in map(int, sys.argv[1:]):
    trace = []
    with on_memory_disks():
        run_seed(seed, trace=trace)
    print(hashlib.sha256("\\n".join(trace).encode()).hexdigest())
"""
_SEEDS = (3, 12, 25)


def _trace(seed: int) -> list[str]:
    trace: list[str] = []
    run_seed(seed, trace=trace)
    return trace


def test_a_seed_gives_the_same_trace_each_time_and_another_seed_another() -> None:
    first = _trace(12)
    assert first == _trace(12)
    assert len(first) > 100
    assert first != _trace(13)
    assert plan_of(12) == plan_of(12)


@pytest.mark.campaign
def test_a_seed_gives_the_same_trace_in_another_process_with_other_hashes() -> None:
    here = [hashlib.sha256("\n".join(_trace(seed)).encode()).hexdigest() for seed in _SEEDS]
    tests = str(Path(__file__).parents[1])
    for hashes in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", _PROGRAM, *map(str, _SEEDS)],
            env={**os.environ, "PYTHONPATH": tests, "PYTHONHASHSEED": hashes},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.split() == here
