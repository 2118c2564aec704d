"""How a part shows that it is ready or at least alive; each probe blocks for a second at most."""

import http.client
import json
import time
from collections.abc import Sequence
from pathlib import Path

from fleet.part import Probe
from fleet.ports import HOST

_SECONDS = 1.0
# Announcing processes touch their file every few seconds; an older one means that the process hangs.
_SILENT_SECONDS = 30.0


def all_ready(ports: Sequence[int]) -> Probe:
    """Ready when each door's /ready says so."""

    def probe(_: int) -> str | None:
        return next((missing for port in ports if (missing := _ask(port, "/ready")) is not None), None)

    return probe


def all_alive(ports: Sequence[int]) -> Probe:
    """Alive when each door's /health answers at all."""

    def probe(_: int) -> str | None:
        return next((missing for port in ports if (missing := _ask(port, "/health")) is not None), None)

    return probe


def announced(file: Path) -> Probe:
    """Ready when the process itself has written into `file` that it is."""

    def probe(pid: int) -> str | None:
        said = _said(file, pid)
        if said is None:
            return "has not announced itself"
        return said or None

    return probe


def still_announcing(file: Path) -> Probe:
    """Alive when the file was touched lately."""

    def probe(pid: int) -> str | None:
        if _said(file, pid) is None:
            return None
        silent = time.time() - file.stat().st_mtime
        return f"silent for {silent:.0f} s" if silent > _SILENT_SECONDS else None

    return probe


def _ask(port: int, path: str) -> str | None:
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(65_536)
    except (OSError, http.client.HTTPException) as error:
        return f"port {port} does not answer ({getattr(error, 'strerror', None) or type(error).__name__})"
    finally:
        connection.close()
    return None if answer.status == 200 else f"port {port}: {_reason(body, answer.status)}"


def _reason(body: bytes, status: int) -> str:
    try:
        parts = json.loads(body)["parts"]
        failed = [f"{part['name']} {part.get('detail') or 'failed'}" for part in parts if part["state"] == "failed"]
    except (ValueError, KeyError, TypeError):
        failed = []
    return ", ".join(failed) or f"{path_answer(status)}"


def path_answer(status: int) -> str:
    """A status in words for a line of progress."""
    return f"answers {status}"


def _said(file: Path, pid: int) -> str | None:
    """What this very process announced: an empty text when ready; None when nothing yet."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(said["missing"]) if said.get("pid") == pid else None
