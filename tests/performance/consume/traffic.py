"""Runs the program that makes traffic, and reads the figures that it prints."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from questions import Way

Figures = dict[str, Any]
_LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Traffic:
    """`folder` holds the targets' files."""

    program: Path
    folder: Path

    def closed(self, way: Way, kind: str, connections: int, seconds: float) -> Figures:
        """Every connection asks again as soon as it was answered."""
        return self._run("closed", [way], kind, connections=connections, seconds=seconds)

    def turns(self, ways: list[Way], kind: str, rounds: int, calls: int) -> list[Figures]:
        """One call at a time, so many to each in turns; figures in the order of the ways."""
        return self._run("turns", ways, kind, rounds=rounds, calls=calls)

    def open(self, way: Way, kind: str, rate: float, seconds: float) -> Figures:
        """Calls at fixed moments; durations count from the moment meant."""
        return self._run("open", [way], kind, rate=rate, seconds=seconds)

    def streams(self, way: Way, kind: str, count: int, spread: float) -> Figures:
        """So many streams that begin evenly over `spread` seconds, each read to its end."""
        return self._run("streams", [way], kind, count=count, spread=spread)

    def _run(self, command: str, ways: list[Way], kind: str, **options: float) -> Any:
        words = [str(self.program), command]
        for name, value in options.items():
            words += [f"-{name}", str(value)]
        for place, way in enumerate(ways):
            file = self.folder / f"target-{place}.json"
            requests = [request.decode() for request in way.requests(kind)]
            file.write_text(json.dumps({"address": f"127.0.0.1:{way.port}", "requests": requests}))
            words += ["-target", str(file)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False)
        if done.returncode:
            raise AssertionError(f"traffic {command}: {done.stderr}")
        return json.loads(done.stdout)
