"""A process may have as many files open as its machine lets it."""

import subprocess
import sys

_SCRIPT = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 2048))
from chassis.open_files import allow_many_open_files
allow_many_open_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_the_soft_limit_is_raised_to_the_hard_one_and_a_low_one_is_said() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == "2048\n"
    assert "may open 2048 files" in done.stderr
