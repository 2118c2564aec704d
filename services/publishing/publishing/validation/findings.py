"""What validation says: violations as the rules see them, findings and the report as the caller sees them."""

from dataclasses import dataclass, field
from enum import StrEnum

from publishing.validation.json_value import Where


class Mode(StrEnum):
    """Strict refuses any violation; lenient refuses only what makes a document unusable."""

    STRICT = "strict"
    LENIENT = "lenient"


class Severity(StrEnum):
    """An error makes the document invalid; a warning and an info do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Layer(StrEnum):
    """The five layers of validation."""

    SCHEMA = "schema"
    BUSINESS = "business"
    SECURITY = "security"
    POLICY = "policy"
    OPENAPI = "openapi"


class Weight(StrEnum):
    """How grave a violation is, before the mode turns it into a severity."""

    FATAL = "fatal"
    VIOLATION = "violation"
    ADVICE = "advice"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule broken at one place; `line` only where the parser alone knows it."""

    code: str
    layer: Layer
    weight: Weight
    where: Where
    message: str
    fix: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: `pointer` is RFC 6901 into the document, `line` counts from 1 or is None."""

    code: str
    severity: Severity
    layer: Layer
    pointer: str
    line: int | None
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """The answer about one document; `more_findings` counts those left out of a long list."""

    valid: bool
    mode: Mode
    openapi_version: str | None = None
    title: str | None = None
    operations: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])
    more_findings: int = 0


class DocumentUnusable(Exception):
    """Nothing more can be said about the document: carries the fatal violation."""

    def __init__(self, violation: Violation) -> None:
        super().__init__(violation.code)
        self.violation = violation


_SEVERITIES: dict[Mode, dict[Weight, Severity]] = {
    Mode.STRICT: {
        Weight.FATAL: Severity.ERROR,
        Weight.VIOLATION: Severity.ERROR,
        Weight.ADVICE: Severity.WARNING,
        Weight.NOTE: Severity.INFO,
    },
    Mode.LENIENT: {
        Weight.FATAL: Severity.ERROR,
        Weight.VIOLATION: Severity.WARNING,
        Weight.ADVICE: Severity.WARNING,
        Weight.NOTE: Severity.INFO,
    },
}


def severity_of(weight: Weight, mode: Mode) -> Severity:
    """What a violation of that weight counts as in that mode."""
    return _SEVERITIES[mode][weight]


def fatal(code: str, message: str, fix: str, line: int | None = None) -> DocumentUnusable:
    """The end of a validation, at the document as a whole."""
    return DocumentUnusable(Violation(code, Layer.SCHEMA, Weight.FATAL, None, message, fix, line))


def shown(text: str, limit: int = 80) -> str:
    """A name out of the document, cut and made printable for a message."""
    printable = "".join(character if character.isprintable() else "?" for character in text[:limit])
    return f"{printable}..." if len(text) > limit else printable
