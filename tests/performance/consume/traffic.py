"""Runs the program that makes traffic, and reads the figures that it prints."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from questions import Way
from whose_turn import going_first, may_go_first

Figures = dict[str, Any]
_LONGEST_SECONDS = 300


@dataclass(frozen=True)
class Traffic:
    """`folder` holds the targets' files; the `vendors` are processes."""

    program: Path
    folder: Path
    vendors: tuple[int, ...]

    def closed(self, way: Way, kind: str, connections: int, seconds: float) -> Figures:
        """Every connection asks again as soon as it was answered."""
        return self._read(self._words("closed", [way], kind, connections=connections, seconds=seconds))

    def turns(self, ways: list[Way], kind: str, rounds: int, calls: int) -> list[Figures]:
        """One call at a time, so many to each in turns; figures in the order of the ways."""
        return self._timed("turns", ways, kind, rounds=rounds, calls=calls)

    def open(self, way: Way, kind: str, rate: float, seconds: float) -> Figures:
        """Calls at fixed moments; durations count from the moment meant."""
        return self._timed("open", [way], kind, rate=rate, seconds=seconds)

    def streams(self, way: Way, kind: str, count: int, spread: float) -> Figures:
        """So many streams that begin evenly over `spread` seconds, each read to its end."""
        return self._timed("streams", [way], kind, count=count, spread=spread)

    def _timed(self, command: str, ways: list[Way], kind: str, **options: float) -> Any:
        """Where durations are what is asked for: vendor and callers wait for nobody of ours."""
        words = self._words(command, ways, kind, **options)
        if not may_go_first():
            return self._read(words)
        with going_first(self.vendors):
            return self._read(words, first=True)

    def _words(self, command: str, ways: list[Way], kind: str, **options: float) -> list[str]:
        words = [str(self.program), command]
        for name, value in options.items():
            words += [f"-{name}", str(value)]
        for place, way in enumerate(ways):
            file = self.folder / f"target-{place}.json"
            requests = [request.decode() for request in way.requests(kind)]
            file.write_text(json.dumps({"address": f"127.0.0.1:{way.port}", "requests": requests}))
            words += ["-target", str(file)]
        return words

    def _read(self, words: list[str], *, first: bool = False) -> Any:
        process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            with going_first([process.pid] if first else []):
                said, complaint = process.communicate(timeout=_LONGEST_SECONDS)
        finally:
            process.kill()
            process.wait()
        if process.returncode:
            raise AssertionError(f"{' '.join(words)}: {complaint}")
        return json.loads(said)
