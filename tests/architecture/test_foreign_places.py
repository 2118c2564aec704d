"""No tracked file names the host of a package registry or a folder of somebody's machine."""

import re
import subprocess

import pytest
from architecture.source_tree import ROOT

# Each pattern is written so that it does not match itself.
REGISTRIES = (
    r"p[y]pi\.org|python[h]osted\.org|registry\.npm[j]s\.|repo\.ma[v]en\.|proxy\.go[l]ang\.|"
    r"static\.cra[t]es\.|deb\.deb[i]an\."
)
MACHINE = r"(^|[^A-Za-z0-9_.])/(wor[k]|far[m]|roo[t])/|/tm[p]/(bash_jobs|plan)"
FOREIGN = f"{REGISTRIES}|{MACHINE}"


def test_no_file_names_a_registry_or_a_machine() -> None:
    search = ["git", "grep", "--untracked", "-nIE", FOREIGN, "--", "."]
    found = subprocess.run(search, cwd=ROOT, check=False, capture_output=True, text=True)
    assert found.returncode == 1, found.stdout[:2000] + found.stderr[:500]


@pytest.mark.parametrize("text", ["https://p" + "ypi.org/simple", "open('/wor" + "k/main/x')", "cd /roo" + "t/project"])
def test_a_foreign_place_is_caught(text: str) -> None:
    assert re.search(FOREIGN, text)


@pytest.mark.parametrize("text", ["./network/main", "https://example.org/work/", "tmp_path / 'x'"])
def test_other_places_are_let_pass(text: str) -> None:
    assert not re.search(FOREIGN, text)
