"""The process that one document is validated in: `python -m publishing.validation.worker_process`.

In: one line of JSON `{mode, content_type, memory_bytes, cpu_seconds}`, then the document to the end of the input.
Out: the report as JSON. It imports as little as it can, so that it starts within a tenth of a second.
"""

import json
import os
import resource
import sys
from dataclasses import asdict
from typing import Any

from publishing.validation.findings import Mode, ValidationReport
from publishing.validation.official_schemas import BundledSchemas
from publishing.validation.rules import Judge, judge_document

OUT_OF_MEMORY = 3
_NICENESS = 10


def main() -> int:
    """Validate what comes in; the exit code is 0, or OUT_OF_MEMORY."""
    header: dict[str, Any] = json.loads(sys.stdin.buffer.readline())
    confine(int(header["memory_bytes"]), int(header["cpu_seconds"]))
    try:
        raw = sys.stdin.buffer.read()
        report = judge_document(raw, str(header["content_type"]), Mode(header["mode"]), Judge(BundledSchemas()))
        sys.stdout.write(written(report))
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def confine(memory_bytes: int, cpu_seconds: int) -> None:
    """Give up the right to more memory, processor time, files or priority; for good."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)


def written(report: ValidationReport) -> str:
    """The report as JSON, in ASCII whatever the document held."""
    return json.dumps(asdict(report), allow_nan=False)


if __name__ == "__main__":
    sys.exit(main())
