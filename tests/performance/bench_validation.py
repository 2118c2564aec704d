"""What validating a document costs: `python tests/performance/bench_validation.py` prints the table.

Each document of the real inputs, and some made to hurt, goes through the runner that the service uses, one at a time.
CPU and peak memory are those of its process; the delay is the longest that a timer of 1 ms on the service's event loop
was late meanwhile.
"""

import asyncio
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from fixtures.real_inputs import real_inputs_folder
from scale import scaled
from tables import Cell, print_table

from publishing.validation.findings import Mode, ValidationReport
from publishing.validation.process_runner import ProcessLimits, ProcessRunner

VENDORS = (
    "ollama.yaml",
    "anthropic.yaml",
    "together.yaml",
    "text-generation-inference.json",
    "portkey.yaml",
    "openai.json",
)
HEAD = b'{"openapi":"3.1.0","info":{"title":"x","version":"1"},"paths":{'
NASTY: dict[str, bytes] = {
    "10,000 deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "840,000 keys": b"{" + b",".join(b'"%x":0' % index for index in range(840_000)) + b"}",
    "alias bomb": b"a0: &a0 [x]\n"
    + b"".join(b"a%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)),
    "8 MB of one string": HEAD + b'"/' + b"a" * (8 * 2**20 - 100) + b'":{}}}',
    "200,000 errors": HEAD + b",".join(b'"/p%d":{"get":{"responses":3,"bad":1}}' % n for n in range(100_000)) + b"}}",
}


# Run in place of the worker, to tell its own peak: ru_maxrss of a child counts the memory of whoever forked it too.
TELLING_WORKER = """
import re, sys
from publishing.validation.worker_process import main
code = main()
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())
sys.stderr.write(peak[1])
sys.exit(code)
"""


async def _delay_ms(raw: bytes, mode: Mode) -> tuple[ValidationReport, float, float]:
    """The report, the seconds it took, and how late the event loop's timer was at worst, in milliseconds."""
    runner = ProcessRunner()
    started = time.perf_counter()
    task = asyncio.create_task(runner.validate(raw, "", mode))
    latest = 0.0
    while not task.done():
        tick = time.perf_counter()
        await asyncio.sleep(0.001)
        latest = max(latest, time.perf_counter() - tick - 0.001)
    return await task, time.perf_counter() - started, latest * 1000


def _cost(raw: bytes, mode: Mode) -> tuple[float, str]:
    """CPU-seconds and peak megabytes of the worker alone; a worker that died has no peak to tell."""
    limits = ProcessLimits()
    header = {
        "mode": mode.value,
        "content_type": "",
        "memory_bytes": limits.memory_bytes,
        "cpu_seconds": limits.cpu_seconds,
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-I", "-c", TELLING_WORKER],
        input=json.dumps(header).encode() + b"\n" + raw,
        capture_output=True,
        check=False,
        env={},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = f"{int(done.stderr) / 1024:.0f}" if done.returncode == 0 else f"stopped at {limits.memory_bytes // 10**6}"
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def _document(name: str) -> bytes:
    return NASTY[name] if name in NASTY else (real_inputs_folder() / "openapi" / name).read_bytes()


def _row(name: str, mode: Mode) -> list[Cell]:
    raw = _document(name)
    report, wall, delay = asyncio.run(_delay_ms(raw, mode))
    cpu, peak = _cost(raw, mode)
    findings = len(report.findings) + report.more_findings
    first = report.findings[0].code if report.findings else ""
    verdict = "valid" if report.valid else "refused"
    return [name, len(raw) / 1e6, mode.value, verdict, findings, first, cpu, wall, peak, delay]


def main() -> None:
    """Print one row per document and mode."""
    vendors = [name for name in VENDORS if (real_inputs_folder() / "openapi" / name).exists()]
    cases = [(name, mode) for name in vendors for mode in Mode] + [(name, Mode.LENIENT) for name in NASTY]
    columns = ["document", "MB", "mode", "verdict", "findings", "first", "CPU s", "wall s", "peak MB", "loop delay ms"]
    rows = [_row(name, mode) for name, mode in cases[:: scaled(1, 6)]]
    print_table("Validating documents of the real inputs, and some made to hurt", columns, rows)


if __name__ == "__main__":
    main()
