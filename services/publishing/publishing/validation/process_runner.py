"""Runs each validation in a process of its own: a document can cost that process its life, and nobody anything else."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from publishing.validation.errors import ValidationBusy
from publishing.validation.findings import Finding, Layer, Mode, Severity, ValidationReport

_LOG = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-I", "-m", "publishing.validation.worker_process")


@dataclass(frozen=True)
class ProcessLimits:
    """What one document may cost, and how many are looked at at once.

    OpenAI's 3.4 MB document takes about 0.7 CPU-seconds and 60 MB.
    """

    memory_bytes: int = 500_000_000
    cpu_seconds: int = 10
    wall_seconds: float = 30.0
    at_once: int = 2
    waiting: int = 8


class ProcessRunner:
    """Adapter for ports.DocumentValidator: one short-lived process per document, killed when it overruns."""

    def __init__(self, limits: ProcessLimits | None = None, command: tuple[str, ...] = _COMMAND) -> None:
        self._limits = limits or ProcessLimits()
        self._command = command
        self._slots = asyncio.Semaphore(self._limits.at_once)
        self._admitted = 0
        self._reports = TypeAdapter(ValidationReport)

    async def validate(self, raw: bytes, content_type: str, mode: Mode) -> ValidationReport:
        """The report; a document that costs too much gets one that says so."""
        async with self._slot():
            answer = await self._run(self._header(content_type, mode) + raw)
        if answer is None:
            return too_expensive(mode)
        try:
            return self._reports.validate_json(answer)
        except ValidationError:
            _LOG.error("the validation worker's answer could not be read", extra={"answer_bytes": len(answer)})
            return too_expensive(mode)

    @asynccontextmanager
    async def _slot(self) -> AsyncGenerator[None]:
        if self._admitted >= self._limits.at_once + self._limits.waiting:
            raise ValidationBusy("Too many documents are being validated: try again in a moment.", retry_after=5)
        self._admitted += 1
        try:
            async with self._slots:
                yield
        finally:
            self._admitted -= 1

    def _header(self, content_type: str, mode: Mode) -> bytes:
        header = {
            "mode": mode.value,
            "content_type": content_type[:200],
            "memory_bytes": self._limits.memory_bytes,
            "cpu_seconds": self._limits.cpu_seconds,
        }
        return json.dumps(header).encode() + b"\n"

    async def _run(self, sent: bytes) -> bytes | None:
        """The worker's answer; None when it overran or died. Its environment is empty, so it holds no secret."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe, stderr=pipe, env={})
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                answer, complaint = await process.communicate(sent)
        except TimeoutError:
            return None
        finally:
            await _end(process)
        if process.returncode != 0:
            _LOG.warning(
                "a validation worker ended early",
                extra={"exit_code": process.returncode, "last_line": _last_line(complaint)},
            )
            return None
        return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _last_line(complaint: bytes) -> str:
    """The kind of the exception alone: its message might quote the document."""
    lines = complaint.decode(errors="replace").strip().splitlines()
    return lines[-1].partition(":")[0][:80] if lines else ""


def too_expensive(mode: Mode) -> ValidationReport:
    """The report on a document that could not be judged within the limits."""
    finding = Finding(
        code="document_too_expensive",
        severity=Severity.ERROR,
        layer=Layer.SCHEMA,
        pointer="",
        line=None,
        message="The document could not be judged within the limits of time and memory.",
        fix="Make it smaller: fewer aliases, shallower schemas, fewer doubled parts.",
    )
    return ValidationReport(valid=False, mode=mode, findings=[finding])
