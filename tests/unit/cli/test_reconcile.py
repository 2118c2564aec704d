"""A supplier's invoice beside our books, for people and for programs."""

import json
from pathlib import Path
from typing import Any

from fakes.gateway_stand_in import GatewayStandIn, answered, gateway, problem

__all__ = ["gateway"]
COUNTED: dict[str, Any] = {"calls": 0, "input_tokens": 0, "output_tokens": 0, "cost": "0", "unpriced": 0}
ROW = {
    "first_day": "2026-11-30",
    "last_day": "2026-11-30",
    "model": "gpt-4o",
    "listing": None,
    "billed": {"requests": 3, "input_tokens": 1300, "output_tokens": 20, "amount": "1.5"},
    "ours": {"settled": {**COUNTED, "calls": 2, "cost": "1"}, "estimated": COUNTED, "unknown": COUNTED},
    "difference": {"input_tokens": 1200, "output_tokens": None, "amount": "0.5"},
    "owing": "supplier",
    "by_listing": [{"listing": "red/chat", "counted": COUNTED}],
}
REPORT = {
    "invoice": {"id": "inv_1", "first_day": "2026-11-30", "last_day": "2026-11-30", "currency": "USD"},
    "rows": [ROW, {**ROW, "billed": None, "owing": None}],
    "unknown_calls": [
        {
            "call_id": "call_1",
            "started_at": "2026-11-30T00:00:00Z",
            "listing": "red/chat",
            "version": "1.0.0",
            "model": "gpt-4o",
            "held": None,
        }
    ],
}


def test_an_invoice_is_sent_as_it_is_and_the_differences_are_shown(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    (tmp_path / "invoice.csv").write_text("day,model,amount\n2026-11-30,gpt-4o,1.5\n")
    gateway.on("POST", "/api/v1/invoices", answered(REPORT, 201))
    shown = gateway.run("reconcile", str(tmp_path / "invoice.csv"), "--supplier", "api.example.com").stdout
    for words in (
        "inv_1: 2026-11-30",
        "$0.50",
        "1,200",
        "supplier owes",
        "red/chat",
        "not billed",
        "unknown",
        "call_1",
    ):
        assert words in shown
    sent = gateway.requests[-1]
    assert (sent.headers["content-type"], sent.url.params["provider"]) == ("text/csv", "api.example.com")
    assert sent.content == (tmp_path / "invoice.csv").read_bytes()
    assert json.loads(gateway.run("reconcile", str(tmp_path / "invoice.csv"), "--json").stdout) == REPORT


def test_a_file_that_is_not_there_or_refused_is_told_in_a_line(gateway: GatewayStandIn, tmp_path: Path) -> None:
    gateway.sign_in()
    (tmp_path / "bad.csv").write_text("day\n")
    gateway.on("POST", "/api/v1/invoices", problem(422, "Line 1: name a column.", "invoice_refused"))
    result = gateway.run("reconcile", str(tmp_path / "bad.csv"))
    assert (result.exit_code, "Line 1: name a column." in result.stderr) == (1, True)
    assert gateway.run("reconcile", str(tmp_path / "none.csv")).exit_code == 1
    assert gateway.run("reconcile", str(tmp_path / "bad.csv"), "--json", "--csv").exit_code == 2
