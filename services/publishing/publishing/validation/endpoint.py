"""Whether an endpoint may be called: its scheme, its host, and whether its authentication is declared."""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from publishing.validation.addresses import UnreadableHost, plain_host, refusal_of_host
from publishing.validation.findings import Finding, Layer, Severity, shown

_URL, _PROTOCOL, _AUTH = "/endpoint/url", "/endpoint/protocol", "/auth"
_SECURE_SCHEMES: dict[str, frozenset[str]] = {
    "grpc": frozenset({"https", "grpcs"}),
    "websocket": frozenset({"https", "wss"}),
}
_OPEN_SCHEMES: dict[str, frozenset[str]] = {
    "grpc": frozenset({"http", "grpc"}),
    "websocket": frozenset({"http", "ws"}),
}
_DEFAULT_PORTS = {"https": 443, "wss": 443, "grpcs": 443, "http": 80, "ws": 80, "grpc": 80}
_MAX_URL = 2_000


def check_endpoint(url: str, protocol: str, allowlist: Collection[str], auth: str | None) -> list[Finding]:
    """What forbids binding an endpoint. Pointers are into the publication's body.

    `allowlist` holds `host:port` entries that may be private and spoken to without TLS. `auth` is the kind of
    authentication that the publication declares (`none` is a declaration), or None where it says nothing.
    """
    findings = _check_auth(auth)
    try:
        parts = _split(url)
    except UnreadableHost as error:
        return [
            *findings,
            _unreadable(error),
        ]
    allowed = host_and_port(parts) in {entry.lower() for entry in allowlist}
    return [*findings, *_check_scheme(parts, protocol, allowed=allowed), *_check_host(parts, allowed=allowed)]


def _split(url: str) -> SplitResult:
    if len(url) > _MAX_URL:
        raise UnreadableHost(f"it is longer than {_MAX_URL} characters")
    if any(character.isspace() or not character.isprintable() or character in "\\<>^`{}|" for character in url):
        raise UnreadableHost("it holds spaces, backslashes or other characters that do not belong in a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnreadableHost("its host or port cannot be read") from None
    if not parts.scheme or not parts.hostname or port == 0:
        raise UnreadableHost("it lacks a scheme or a host, or its port is 0")
    if "%" in parts.netloc:
        raise UnreadableHost("its host is percent-encoded or has a zone")
    return parts


def host_and_port(parts: SplitResult) -> str:
    """The key under which an allow-list names the endpoint: `host:port`, IPv6 in brackets."""
    host = plain_host(parts.hostname or "")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _check_scheme(parts: SplitResult, protocol: str, *, allowed: bool) -> list[Finding]:
    secure = _SECURE_SCHEMES.get(protocol.lower(), frozenset({"https"}))
    unsafe = _OPEN_SCHEMES.get(protocol.lower(), frozenset({"http"}))
    if parts.scheme in secure or (allowed and parts.scheme in unsafe):
        return []
    if parts.scheme in unsafe:
        message = f"The endpoint speaks {parts.scheme}, which anybody on the way can read."
        return [_error("endpoint_not_encrypted", _URL, message, "Serve it over TLS, or have the host allow-listed.")]
    message = f"The scheme {shown(parts.scheme, 20)!r} does not carry {shown(protocol, 20)!r}."
    return [_error("endpoint_scheme", _PROTOCOL, message, f"Use {' or '.join(sorted(secure))}.")]


def _check_host(parts: SplitResult, *, allowed: bool) -> list[Finding]:
    findings: list[Finding] = []
    if "@" in parts.netloc:
        fix = "Remove it: credentials belong to `auth`."
        findings.append(_error("endpoint_userinfo", _URL, "The URL carries a user name or password.", fix))
    if allowed:
        return findings
    try:
        refusal = refusal_of_host(parts.hostname or "")
    except UnreadableHost as error:
        return [
            *findings,
            _unreadable(error),
        ]
    if refusal:
        fix = "Publish an address that everybody can reach, or have the host allow-listed."
        findings.append(_error("endpoint_private", _URL, f"The endpoint is not public: {refusal}.", fix))
    return findings


def _check_auth(auth: str | None) -> list[Finding]:
    if auth is None or not auth.strip():
        message = "The publication does not say how the endpoint authenticates its callers."
        return [_error("auth_not_declared", _AUTH, message, "Declare `auth`; say `none` if it is open to all.")]
    if auth.strip().lower() == "none":
        message = "The endpoint is declared open: whoever finds it can call it past the marketplace."
        fix = "Protect it with a key that only the marketplace holds."
        return [Finding("auth_open", Severity.WARNING, Layer.SECURITY, _AUTH, None, message, fix)]
    return []


def _unreadable(error: UnreadableHost) -> Finding:
    message = f"The endpoint's URL is not usable: {error}."
    return _error("endpoint_unreadable", _URL, message, "Write a full address such as https://api.vendor.com/v1.")


def _error(code: str, pointer: str, message: str, fix: str) -> Finding:
    return Finding(code, Severity.ERROR, Layer.SECURITY, pointer, None, message, fix)
