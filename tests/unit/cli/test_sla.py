"""What a listing keeps, for people and for programs."""

import json
from typing import Any

from fakes.gateway_stand_in import GatewayStandIn, answered, gateway

__all__ = ["gateway"]
LISTING = "lst_0198c0de0198c0de0198c0de0198c0de"
NOTHING: dict[str, Any] = {"latency_p95_ms": None, "error_rate": None, "uptime_percent": None}
UNKNOWN = {"p50": None, "p95": None, "p99": None}


def window(name: str, **changes: Any) -> dict[str, Any]:
    silent = {"window": name, "calls": 0, "latency_ms": UNKNOWN, "first_byte_ms": UNKNOWN, "met": NOTHING}
    return {**silent, "error_rate": None, "uptime_percent": None, **changes}


STANDING = {
    "listing": "blue/chat",
    "targets": {**NOTHING, "error_rate": 0.01},
    "is_breached": True,
    "windows": [
        window(
            "5m",
            calls=1200,
            latency_ms={"p50": 100.0, "p95": 1234.5, "p99": 2000.0},
            error_rate=0.0312,
            met={**NOTHING, "error_rate": False},
        ),
        window("30d"),
    ],
    "breaches": [
        {
            "metric": "error_rate",
            "target": 0.01,
            "measured": 0.03,
            "window": "5m",
            "began_at": "2026-12-01T00:00:00Z",
            "ended_at": None,
        }
    ],
}


def test_a_listing_is_shown_with_its_windows_targets_and_breaches(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", f"/api/v1/sla/{LISTING}", answered(STANDING))
    shown = gateway.run("sla", LISTING).stdout
    for words in ("blue/chat does not keep", "1,200", "1,234 ms", "3.12 %", "goes on", "1.00 %", "errors"):
        assert words in shown
    silent = next(line for line in shown.splitlines() if line.strip().startswith("30d"))
    assert silent.split() == ["30d", "0", *["-"] * 7]
    assert json.loads(gateway.run("sla", LISTING, "--json").stdout) == STANDING


def test_a_listing_is_found_by_its_name_and_one_that_is_not_there_is_told(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("POST", "/api/v1/search", answered({"hits": [{"id": LISTING, "name": "blue/chat"}]}))
    gateway.on("GET", f"/api/v1/sla/{LISTING}", answered({**STANDING, "is_breached": False, "breaches": []}))
    assert "no breach is open" in gateway.run("sla", "blue/chat").stdout
    assert gateway.run("sla", "blue/other").exit_code == 4
