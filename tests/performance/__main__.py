"""Prints every table, or those that are named: `python tests/performance [calls search ...]`.

Each benchmark runs in a process of its own, so that none inherits the memory or the pinning of another; one after the
other, but for a smoke run, whose figures mean nothing.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scale import is_smoke

BENCHMARKS = ("marketplace", "calls", "admission", "policies", "control_plane", "runs", "search", "validation", "wire")


def main(names: list[str]) -> int:
    """0 when every benchmark ended well."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"error: no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    files = [Path(__file__).with_name(f"bench_{name}.py") for name in names or BENCHMARKS]
    with ThreadPoolExecutor(2 if is_smoke() else 1) as turns:
        failed = [file.name for file, status in zip(files, turns.map(_run, files), strict=True) if status]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _run(file: Path) -> int:
    """The exit code; what a smoke run prints is shown as a whole, because another prints beside it."""
    if not is_smoke():
        return subprocess.run([sys.executable, str(file)], check=False).returncode
    done = subprocess.run(
        [sys.executable, str(file)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    print(done.stdout, flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
