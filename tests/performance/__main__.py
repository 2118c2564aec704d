"""Prints every table, or those that are named: `python tests/performance [calls search ...]`.

Each benchmark runs in a process of its own, so that none inherits the memory or the pinning of another.
"""

import subprocess
import sys
from pathlib import Path

BENCHMARKS = ("marketplace", "calls", "admission", "control_plane", "runs", "search", "validation")


def main(names: list[str]) -> int:
    """0 when every benchmark ended well."""
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        print(f"error: no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    files = [Path(__file__).with_name(f"bench_{name}.py") for name in names or BENCHMARKS]
    failed = [file.name for file in files if subprocess.run([sys.executable, str(file)], check=False).returncode]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
