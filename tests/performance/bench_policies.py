"""What a policy decision costs: `python tests/performance/bench_policies.py`.

The promise is under 100 ms for a decision that was not made before, under 1 ms for one that was.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.call_door import START, a_key, a_route
from fakes.policies import a_policy, enforced
from process_costs import pss_mib
from scale import scaled
from tables import Cell, print_table

from dataplane.policy_book import PolicyBook
from dataplane.policy_bundle import EnforcedBundle
from dataplane.policy_facts import Asked

_COUNTS = (1, 10, 100)
_ROUNDS = scaled(7, 2)


def _bundle(policies: int) -> EnforcedBundle:
    """Rules as an organisation has them: vendors, teams, tags, sizes and hours, none of which forbids the call."""
    kinds = (
        'forbid (principal in Team::"tea_{n}", action, resource) when {{ resource.provider == "p{n}" }};',
        'forbid (principal, action, resource) unless {{ !resource.tags.contains("banned-{n}") }};',
        'forbid (principal, action, resource) when {{ context.estimated_tokens > {large} && resource.name == "x" }};',
        'forbid (principal in Team::"tea_{n}", action, resource) when {{ context.hour < 6 }};',
    )
    texts = [kinds[n % len(kinds)].format(n=n, large=200_000 + n) for n in range(policies)]
    return enforced(*(a_policy(text, f"rule-{n}") for n, text in enumerate(texts)))


def _asked(place: int) -> Asked:
    return Asked(1_000 + place % 7, START, "chat/completions", False)


def _cached(book: PolicyBook) -> float:
    """Median microseconds of CPU of a decision that was made before, facts included."""
    key, route = a_key(), a_route(tags=("chat", "eu"), visibility="public", team_id="tea_2", declared_provider="acme")
    book.refusal(key, route, _asked(0))
    count = scaled(20_000, 500)
    return median(
        _timed(lambda: [book.refusal(key, route, _asked(n)) for n in range(count)]) / count * 1e6
        for _ in range(_ROUNDS)
    )


def _uncached(book: PolicyBook) -> list[float]:
    """Microseconds of first decisions: a new key each time."""
    route = a_route(tags=("chat", "eu"), visibility="public", team_id="tea_2", declared_provider="acme")
    keys = [a_key(key_id=f"key_{n}") for n in range(scaled(2_000, 100))]
    return [_timed(lambda key=key: book.refusal(key, route, _asked(0))) * 1e6 for key in keys]


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure() -> list[list[Cell]]:
    """A row for each number of policies."""
    rows: list[list[Cell]] = [["none", _cached(PolicyBook()), "", "", ""]]
    for count in _COUNTS:
        loading = _timed(lambda count=count: _bundle(count)) * 1e3
        book = PolicyBook(enforced=_bundle(count))
        cached, uncached = _cached(book), _uncached(book)
        rows.append([str(count), cached, median(uncached), quantiles(uncached, n=100)[98], loading])
    return rows


def main() -> None:
    """Print the table."""
    rows = measure()
    print_table(
        "A policy decision, in one process",
        ["policies in force", "decided before, CPU us", "first time us", "first time p99 us", "bundle read ms"],
        rows,
        f"The process takes {pss_mib([os.getpid()]):.0f} MiB with the engine, which is loaded where a policy is.",
    )


if __name__ == "__main__":
    main()
