"""`marketplace dashboard`: the figures of the marketplace, or of the own team."""

from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.plain_text import count, dollars

app = command_app()
_COLUMNS = (">calls", ">failed", ">tokens", ">cost")


@app.command()
@command
def dashboard(
    here: Invocation,
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days, today included.")] = 30,
) -> None:
    """Show the figures: of all for the platform's people, of your team else."""
    with here.api() as api:
        found = api.get("/dashboard/metrics", days=days)
    here.output.show(found, lambda: _page(here, found))


def _page(here: Invocation, found: Json) -> None:
    latency = found["latency_ms"]
    here.output.facts(
        [
            ("period", f"{found['period']['first']} to {found['period']['last']} (UTC)"),
            ("calls", f"{count(found['calls'])}, {count(found['failed_calls'])} failed"),
            ("tokens", f"{count(found['prompt_tokens'])} in, {count(found['completion_tokens'])} out"),
            ("cost", dollars(found["cost_usd"])),
            ("estimated, unpriced", f"{count(found['estimated_calls'])}, {count(found['unpriced_calls'])} calls"),
            ("latency", f"p50 {_milliseconds(latency['p50'])}, p95 {_milliseconds(latency['p95'])}"),
            ("listings", ", ".join(f"{number} {state}" for state, number in found["listings_by_state"].items())),
            ("waiting for approval", count(found["pending_approvals"])),
        ]
    )
    for name in ("listing", "team"):
        if found[f"by_{name}"]:
            here.output.table((name, *_COLUMNS), map(_row, found[f"by_{name}"]))


def _row(one: Json) -> tuple[object, ...]:
    tokens = count(one["total_tokens"])
    return one["name"] or one["id"], count(one["calls"]), count(one["failed_calls"]), tokens, dollars(one["cost_usd"])


def _milliseconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0f} ms"
