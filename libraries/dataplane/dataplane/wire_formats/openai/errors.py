"""Errors in OpenAI's shape: refusals of ours, and a vendor's own errors where they concern the caller."""

import msgspec

from chassis.errors import ErrorKind, MarketplaceError

_TYPE_BY_KIND: dict[ErrorKind, str] = {
    ErrorKind.INVALID: "invalid_request_error",
    ErrorKind.UNAUTHENTICATED: "invalid_request_error",
    ErrorKind.FORBIDDEN: "permission_error",
    ErrorKind.NOT_FOUND: "invalid_request_error",
    ErrorKind.CONFLICT: "invalid_request_error",
    ErrorKind.LIMITED: "rate_limit_error",
    ErrorKind.UNAVAILABLE: "server_error",
    ErrorKind.TIMED_OUT: "server_error",
    ErrorKind.INTERNAL: "server_error",
}
_TYPE_BY_CODE = {"insufficient_quota": "insufficient_quota", "budget_exhausted": "insufficient_quota"}

# A vendor's refusals that speak about the caller's own request; all others are about us.
_KEPT = frozenset({400, 409, 413, 415, 422, 429})
_TRANSLATED = {408: 504, 503: 503, 504: 504, 529: 503}
_LONGEST_MESSAGE = 2000


class _VendorError(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class _VendorBody(msgspec.Struct):
    error: _VendorError | None = None


_vendor_decoder = msgspec.json.Decoder(_VendorBody)


def error_body(error: MarketplaceError) -> bytes:
    """`{"error": {message, type, param, code}}` for an error of ours."""
    kind = _TYPE_BY_CODE.get(error.code) or _TYPE_BY_KIND[error.kind]
    param = error.details.get("param")
    return _body(error.message, kind, param if isinstance(param, str) else None, error.code)


def vendor_status(status: int) -> int:
    """The status a caller sees for a vendor's; that it refused our credential is no 401 of the caller's."""
    return status if status in _KEPT else _TRANSLATED.get(status, 502)


def vendor_error_body(status: int, body: bytes) -> bytes:
    """A vendor's error for the caller: its own words where they concern the request, else that the vendor failed."""
    if status not in _KEPT:
        return _body(f"The provider failed (its status was {status}).", "server_error", None, "upstream_error")
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    said = _vendor_error(body)
    if said is None or not said.message:
        return _body(f"The provider refused the request (its status was {status}).", kind, None, "upstream_refused")
    code = None if said.code is None else str(said.code)
    return _body(said.message[:_LONGEST_MESSAGE], said.type or kind, said.param, code)


def error_event(error: MarketplaceError) -> bytes:
    """An error inside a stream whose 200 is already sent."""
    return b"data: " + error_body(error) + b"\n\n"


def _vendor_error(body: bytes) -> _VendorError | None:
    try:
        return _vendor_decoder.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _body(message: str, kind: str, param: str | None, code: str | None) -> bytes:
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})
