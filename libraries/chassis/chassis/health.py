"""Readiness: named checks with a deadline each; what is degraded is said, what is missing makes a service not ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from chassis.errors import MarketplaceError

CHECK_SECONDS = 2.0
State = Literal["ok", "degraded", "failed"]
Check = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True)
class PartReadiness:
    """One part: `ok`, `degraded` (traffic goes on) or `failed` (it does not), and why."""

    name: str
    state: State
    detail: str | None = None


@dataclass(frozen=True)
class ReadinessReport:
    """The whole: ready unless draining or a required part failed."""

    ready: bool
    parts: list[PartReadiness]


@dataclass
class Readiness:
    """The checks of one service. A check returns None, or a sentence that says what is degraded; it raises to fail."""

    required: Mapping[str, Check] = field(default_factory=dict[str, Check])
    optional: Mapping[str, Check] = field(default_factory=dict[str, Check])
    draining: bool = False

    async def report(self) -> ReadinessReport:
        """Run all checks at the same time."""
        required = await asyncio.gather(*(_run(name, check, "failed") for name, check in self.required.items()))
        optional = await asyncio.gather(*(_run(name, check, "degraded") for name, check in self.optional.items()))
        parts = [*required, *optional]
        if self.draining:
            parts.append(PartReadiness("process", "failed", "draining"))
        return ReadinessReport(ready=all(part.state != "failed" for part in parts), parts=parts)


async def _run(name: str, check: Check, on_failure: State) -> PartReadiness:
    try:
        detail = await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return PartReadiness(name, on_failure, f"no answer within {CHECK_SECONDS:.0f} s")
    except MarketplaceError as error:
        return PartReadiness(name, on_failure, error.message)
    except OSError:
        return PartReadiness(name, on_failure, "cannot be reached")
    return PartReadiness(name, "degraded" if detail else "ok", detail)
