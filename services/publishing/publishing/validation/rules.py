"""The whole judgement over one document: bytes in, report out; never an exception, whatever the bytes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from publishing.validation.business_layer import check_business, operations_of
from publishing.validation.findings import (
    DocumentUnusable,
    Finding,
    Mode,
    Severity,
    ValidationReport,
    Violation,
    Weight,
    severity_of,
    shown,
)
from publishing.validation.json_pointer import pointer_to
from publishing.validation.json_value import DEFAULT_BOUNDS, Bounds, JsonObject
from publishing.validation.line_finder import lines_of
from publishing.validation.openapi_layer import check_openapi
from publishing.validation.parsing import parse_document, text_of
from publishing.validation.policy_layer import NO_RULES, OrganisationRule, check_policy
from publishing.validation.ports import OfficialSchemas
from publishing.validation.schema_layer import as_mapping, clean, require_description, version_of
from publishing.validation.security_layer import check_security

MAX_FINDINGS = 200
_MAX_KEPT = 2_000
_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class Judge:
    """Everything a judgement rests on besides the document."""

    official: OfficialSchemas
    organisation_rules: tuple[OrganisationRule, ...] = NO_RULES
    bounds: Bounds = DEFAULT_BOUNDS


def judge_document(raw: bytes, content_type: str, mode: Mode, judge: Judge) -> ValidationReport:
    """Validate one document, without any endpoint in view."""
    notes = _Notes(mode)
    report = ValidationReport(valid=False, mode=mode)
    text = ""
    try:
        text = text_of(raw)
        parsed = parse_document(text, content_type, judge.bounds)
        notes.add(clean(parsed, judge.bounds))
        document = as_mapping(parsed.document)
        version, about_version = version_of(document)
        notes.add(about_version)
        report = _described(report, document)
        require_description(document)
        notes.add(check_openapi(document, version, judge.official))
        notes.add(check_security(document, text))
        notes.add(check_policy(document, judge.organisation_rules))
        notes.add(check_business(document))
    except DocumentUnusable as unusable:
        notes.add([unusable.violation])
    return notes.close(report, text)


def _described(report: ValidationReport, document: JsonObject) -> ValidationReport:
    info = document.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    return replace(
        report,
        openapi_version=str(document["openapi"])[:40],
        title=shown(title, 200) if isinstance(title, str) else None,
        operations=len(operations_of(document)),
    )


class _Notes:
    """Collects violations within a limit; what is left out is counted, and an error left out still counts as one."""

    def __init__(self, mode: Mode) -> None:
        self._mode = mode
        self._kept: dict[tuple[str, str], tuple[Severity, Violation]] = {}
        self._left_out = 0
        self._errors = 0

    def add(self, violations: Iterable[Violation]) -> None:
        for violation in violations:
            severity = severity_of(violation.weight, self._mode)
            self._errors += severity is Severity.ERROR
            key = (violation.code, pointer_to(violation.where))
            if key in self._kept:
                continue
            if len(self._kept) < _MAX_KEPT or violation.weight is Weight.FATAL:
                self._kept[key] = (severity, violation)
            else:
                self._left_out += 1

    def close(self, report: ValidationReport, text: str) -> ValidationReport:
        ranked = sorted(self._kept.items(), key=lambda entry: _ORDER[entry[1][0]])
        chosen = ranked[:MAX_FINDINGS]
        wanted = {pointer for (_, pointer), _ in chosen if pointer}
        lines = lines_of(text, wanted) if wanted else {}
        findings = [
            Finding(
                code=violation.code,
                severity=severity,
                layer=violation.layer,
                pointer=pointer,
                line=violation.line or lines.get(pointer),
                message=violation.message,
                fix=violation.fix,
            )
            for (_, pointer), (severity, violation) in chosen
        ]
        more = len(ranked) - len(chosen) + self._left_out
        return replace(report, valid=self._errors == 0, findings=findings, more_findings=more)
