"""How much is measured: everything, or with BENCHMARK_SCALE=smoke just enough to see that the benchmarks run."""

import os
from typing import TypeVar

Amount = TypeVar("Amount", int, float)


def is_smoke() -> bool:
    """Whether figures do not matter in this run."""
    return os.environ.get("BENCHMARK_SCALE") == "smoke"


def scaled(full: Amount, smoke: Amount) -> Amount:
    """One amount or the other."""
    return smoke if is_smoke() else full
