"""The error tree: nine kinds, and one table that says what each kind means at every door."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class ErrorKind(StrEnum):
    """What went wrong, seen from the one who asked."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    LIMITED = "limited"
    UNAVAILABLE = "unavailable"
    TIMED_OUT = "timed_out"
    INTERNAL = "internal"


@dataclass(frozen=True)
class KindFacts:
    """The defaults of a kind: HTTP status, name of the gRPC status, whether a retry can help, log level."""

    status: int
    grpc_code: str
    retryable: bool
    log_level: str
    title: str


KIND_FACTS: dict[ErrorKind, KindFacts] = {
    ErrorKind.INVALID: KindFacts(422, "INVALID_ARGUMENT", False, "info", "The request is not valid"),
    ErrorKind.UNAUTHENTICATED: KindFacts(401, "UNAUTHENTICATED", False, "info", "Sign in first"),
    ErrorKind.FORBIDDEN: KindFacts(403, "PERMISSION_DENIED", False, "info", "Not allowed"),
    ErrorKind.NOT_FOUND: KindFacts(404, "NOT_FOUND", False, "info", "Not found"),
    ErrorKind.CONFLICT: KindFacts(409, "ABORTED", False, "info", "Conflict"),
    ErrorKind.LIMITED: KindFacts(429, "RESOURCE_EXHAUSTED", True, "info", "Too many requests"),
    ErrorKind.UNAVAILABLE: KindFacts(503, "UNAVAILABLE", True, "warning", "Unavailable"),
    ErrorKind.TIMED_OUT: KindFacts(504, "DEADLINE_EXCEEDED", True, "warning", "Timed out"),
    ErrorKind.INTERNAL: KindFacts(500, "INTERNAL", False, "error", "Internal error"),
}


class MarketplaceError(Exception):
    """An error a caller may see: says what is wrong and how to mend it.

    `details` are small JSON values added to the problem document; they never hold a prompt, a key or a password.
    """

    code: ClassVar[str] = "internal"
    kind: ClassVar[ErrorKind] = ErrorKind.INTERNAL
    status: ClassVar[int | None] = None

    def __init__(self, message: str, *, retry_after: float | None = None, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.details = details

    @property
    def http_status(self) -> int:
        """The HTTP status: the class's own, else its kind's."""
        return self.status if self.status is not None else KIND_FACTS[self.kind].status


class InvalidInput(MarketplaceError):
    """The input breaks a rule; `pointer` names the field as a JSON pointer where there is one."""

    code = "invalid_input"
    kind = ErrorKind.INVALID


class Unauthenticated(MarketplaceError):
    """No credentials, or credentials that do not hold."""

    code = "unauthenticated"
    kind = ErrorKind.UNAUTHENTICATED


class Forbidden(MarketplaceError):
    """Known caller, not allowed."""

    code = "forbidden"
    kind = ErrorKind.FORBIDDEN


class NotFound(MarketplaceError):
    """It does not exist, or this caller may not know that it does."""

    code = "not_found"
    kind = ErrorKind.NOT_FOUND


class Conflict(MarketplaceError):
    """The state does not allow it: a duplicate, or somebody else was first."""

    code = "conflict"
    kind = ErrorKind.CONFLICT


class Unavailable(MarketplaceError):
    """A part we need does not answer; the same request may work later."""

    code = "unavailable"
    kind = ErrorKind.UNAVAILABLE


class TimedOut(MarketplaceError):
    """The deadline passed before the answer came."""

    code = "timed_out"
    kind = ErrorKind.TIMED_OUT
