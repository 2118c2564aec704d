"""Documents judged in real processes: what vendors publish, what would hurt, and what waits meanwhile."""

import asyncio
import sys
from pathlib import Path

import pytest
from fixtures.real_inputs import real_input

from publishing.validation.errors import ValidationBusy
from publishing.validation.findings import Mode, Severity
from publishing.validation.json_pointer import follow, tokens_of
from publishing.validation.json_value import DEFAULT_BOUNDS
from publishing.validation.parsing import parse_document, text_of
from publishing.validation.process_runner import ProcessLimits, ProcessRunner

OPERATIONS = {
    "ollama.yaml": 12,
    "anthropic.yaml": 47,
    "openai.json": 288,
    "portkey.yaml": 231,
    "together.yaml": 99,
    "text-generation-inference.json": 12,
}
SOUND = ("ollama.yaml", "anthropic.yaml")
BROKEN = tuple(name for name in OPERATIONS if name not in SOUND)
# Fifteen seconds of a core; the strict half of it is judged in `make test` too, where the loop is looked at.
LARGEST = "openai.json"
SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")
BABBLER = (sys.executable, "-c", "import sys; sys.stdin.buffer.read(); print('{}')")


def assert_pointers_resolve(raw: bytes, pointers: list[str]) -> None:
    document = parse_document(text_of(raw), "", DEFAULT_BOUNDS).document
    for pointer in pointers:
        follow(document, tokens_of(pointer))


@pytest.mark.parametrize("name", SOUND)
async def test_sound_documents_of_vendors_pass_strict(name: str) -> None:
    report = await ProcessRunner().validate(real_input(f"openapi/{name}").read_bytes(), "", Mode.STRICT)
    assert report.valid, report.findings
    assert report.operations == OPERATIONS[name]


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.campaign) if name == LARGEST else name for name in BROKEN]
)
async def test_broken_documents_of_vendors_fail_strict_and_pass_lenient_with_warnings(name: str) -> None:
    raw = real_input(f"openapi/{name}").read_bytes()
    strict, lenient = await asyncio.gather(*(ProcessRunner().validate(raw, "", mode) for mode in Mode))
    assert (strict.valid, lenient.valid) == (False, True)
    errors = [finding for finding in strict.findings if finding.severity is Severity.ERROR]
    assert errors
    assert all(finding.line for finding in errors)
    assert_pointers_resolve(raw, [finding.pointer for finding in strict.findings])
    warned = {finding.pointer for finding in lenient.findings if finding.severity is Severity.WARNING}
    assert {finding.pointer for finding in errors} <= warned
    assert lenient.operations == OPERATIONS[name]


async def test_the_specifications_own_examples_pass_lenient() -> None:
    paths = sorted(real_input("openapi/pass-3.1").iterdir())
    assert len(paths) == 35
    runner = ProcessRunner(ProcessLimits(waiting=35))
    reports = await asyncio.gather(*(runner.validate(path.read_bytes(), "", Mode.LENIENT) for path in paths))
    assert {path.name: report.findings for path, report in zip(paths, reports, strict=True) if not report.valid} == {}


FLOOD = b'{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{%s}}' % b",".join(
    b'"/p%d":{"get":{"responses":3,"bad":1}}' % index for index in range(60_000)
)


@pytest.mark.parametrize(
    ("limits", "command"),
    [
        pytest.param(ProcessLimits(memory_bytes=150_000_000), None, id="memory"),
        pytest.param(ProcessLimits(cpu_seconds=1), None, id="processor time"),
        pytest.param(ProcessLimits(wall_seconds=0.5), SLEEPER, id="the clock"),
        pytest.param(ProcessLimits(), BABBLER, id="an answer that is none"),
    ],
)
async def test_a_document_that_costs_too_much_is_told_so(
    limits: ProcessLimits, command: tuple[str, ...] | None
) -> None:
    runner = ProcessRunner(limits, command) if command else ProcessRunner(limits)
    report = await runner.validate(FLOOD, "", Mode.LENIENT)
    assert [finding.code for finding in report.findings] == ["document_too_expensive"]
    assert not report.valid


async def test_only_so_many_run_and_wait_and_the_next_is_refused() -> None:
    runner = ProcessRunner(ProcessLimits(at_once=1, waiting=1, wall_seconds=5), SLEEPER)
    running = [asyncio.create_task(runner.validate(b"", "", Mode.STRICT)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ValidationBusy):
        await runner.validate(b"", "", Mode.STRICT)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def written(note: Path) -> str:
    return note.read_text() if note.exists() else ""


def runs(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_a_caller_who_leaves_frees_the_slot_and_ends_the_process(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    sleeper = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    runner = ProcessRunner(ProcessLimits(at_once=1, waiting=0), (sys.executable, "-c", sleeper))
    task = asyncio.create_task(runner.validate(b"", "", Mode.STRICT))
    for _ in range(500):
        if written(note):
            break
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not runs(written(note))
    second = asyncio.create_task(runner.validate(b"", "", Mode.STRICT))
    await asyncio.sleep(0.05)
    assert not second.done()
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_the_worker_sees_none_of_our_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PUBLISHING_SECRET", "hunter2")
    note = tmp_path / "environment"
    teller = f"import os; open({str(note)!r}, 'w').write(repr(dict(os.environ)))"
    await ProcessRunner(ProcessLimits(), (sys.executable, "-c", teller)).validate(b"", "", Mode.STRICT)
    assert "hunter2" not in note.read_text()


async def test_the_loop_stays_free_while_the_largest_document_is_judged() -> None:
    raw = real_input(f"openapi/{LARGEST}").read_bytes()
    task = asyncio.create_task(ProcessRunner().validate(raw, "application/json", Mode.STRICT))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 20
    report = await task
    assert (report.valid, report.operations) == (False, OPERATIONS[LARGEST])
