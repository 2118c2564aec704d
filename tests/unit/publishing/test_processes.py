"""What the processes of publishing load: the doors never load the engine of the runs."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def test_the_doors_load_neither_the_engine_nor_a_validator() -> None:
    program = (
        "import sys, publishing.compose; print(sorted({'dbos', 'httpx', 'openapi_spec_validator'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_settings_are_listed_by_name() -> None:
    done = subprocess.run([sys.executable, "-m", "publishing", "settings"], capture_output=True, text=True, check=True)
    assert "PUBLISHING_CREDENTIAL_KEY=(required)" in done.stdout
    wrong = subprocess.run([sys.executable, "-m", "publishing", "fly"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
