"""The demo provider as a process: it starts from its environment alone, and SIGTERM ends it in order."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping

import httpx
import pytest

KEY = "vendor-key-for-tests-only"


def start(arguments: list[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("DEMO_PROVIDER_")}
    return subprocess.Popen(
        [sys.executable, "-m", "demo_provider", *arguments],
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_process_serves_until_it_is_told_to_end() -> None:
    with start(["api"], {"DEMO_PROVIDER_API_KEY": KEY, "DEMO_PROVIDER_HTTP_PORT": "0"}) as process:
        assert process.stderr is not None
        said = next(json.loads(line)["message"] for line in process.stderr if "running on" in line)
        url = next(word for word in said.split() if word.startswith("http"))
        answer = httpx.get(f"{url}/v1/models", headers={"authorization": f"Bearer {KEY}"})
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert KEY not in process.stderr.read()
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "DEMO_PROVIDER_API_KEY"),
        ({"DEMO_PROVIDER_API_KEY": "short"}, "DEMO_PROVIDER_API_KEY"),
        ({"DEMO_PROVIDER_API_KEY": KEY, "DEMO_PROVIDER_HTP_PORT": "1"}, "DEMO_PROVIDER_HTP_PORT"),
    ],
)
def test_settings_that_do_not_hold_are_refused_in_one_line(environment: dict[str, str], named: str) -> None:
    with start(["api"], environment) as process:
        _, complaint = process.communicate(timeout=10)
    assert process.returncode == 1
    assert named in complaint
    assert complaint.count("\n") == 1


def test_the_settings_are_listed_and_anything_else_is_refused() -> None:
    with start(["settings"], {}) as listing, start(["dance"], {}) as dance:
        assert "DEMO_PROVIDER_LEDGER_FILE" in listing.communicate(timeout=10)[0]
        assert "usage:" in dance.communicate(timeout=10)[1]
    assert dance.returncode == 2
