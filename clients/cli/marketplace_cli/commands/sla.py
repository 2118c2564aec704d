"""`marketplace sla`: what a listing keeps of what it promises."""

from typing import Annotated

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_names import listing_id
from marketplace_cli.plain_text import count, moment

app = command_app()
_METRICS = {"latency_p95_ms": "latency p95", "error_rate": "errors", "uptime_percent": "uptime"}


@app.command()
@command
def sla(here: Invocation, listing: Annotated[str, typer.Argument(help="A listing's id, or team/name.")]) -> None:
    """Show how a listing does, what it is held to, and where it fell short."""
    with here.api() as api:
        found = api.get(f"/api/v1/sla/{listing_id(api, listing)}")
    here.output.show(found, lambda: _page(here, found))


def _page(here: Invocation, found: Json) -> None:
    output = here.output
    if found["is_breached"]:
        output.line(f"{found['listing']} does not keep its targets.", "red")
    else:
        output.line(f"{found['listing']}: no breach is open.")
    targets = found["targets"]
    output.facts((f"{name}, target", _figure(metric, targets[metric])) for metric, name in _METRICS.items())
    columns = ("window", ">calls", ">p50", ">p95", ">p99", ">first byte p95", ">errors", ">uptime", "missed")
    output.table(columns, map(_window, found["windows"]))
    if found["breaches"]:
        columns = ("from", "to", "what", ">target", ">measured", "over")
        output.table(columns, map(_breach, found["breaches"]))


def _window(window: Json) -> tuple[object, ...]:
    latency = window["latency_ms"]
    return (
        window["window"],
        count(window["calls"]),
        *(_milliseconds(latency[part]) for part in ("p50", "p95", "p99")),
        _milliseconds(window["first_byte_ms"]["p95"]),
        _figure("error_rate", window["error_rate"]),
        _figure("uptime_percent", window["uptime_percent"]),
        [name for metric, name in _METRICS.items() if window["met"][metric] is False],
    )


def _breach(breach: Json) -> tuple[object, ...]:
    metric = breach["metric"]
    return (
        moment(breach["began_at"]),
        moment(breach["ended_at"]) if breach["ended_at"] else "goes on",
        _METRICS.get(metric, metric),
        _figure(metric, breach["target"]),
        _figure(metric, breach["measured"]),
        breach["window"],
    )


def _figure(metric: str, value: float | None) -> str | None:
    """A figure with its unit; unknown stays unknown."""
    if value is None or metric == "latency_p95_ms":
        return _milliseconds(value)
    return f"{value * 100:.2f} %" if metric == "error_rate" else f"{value:.2f} %"


def _milliseconds(value: float | None) -> str | None:
    return None if value is None else f"{value:,.{0 if value >= 100 else 1}f} ms"
