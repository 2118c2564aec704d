"""Layer three, safety: servers that can be called safely, authentication declared, no secret in the document."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from publishing.validation.addresses import UnreadableHost, refusal_of_host
from publishing.validation.business_layer import operations_of
from publishing.validation.findings import Layer, Violation, Weight, shown
from publishing.validation.json_value import Json, JsonObject, Location, Where
from publishing.validation.secret_patterns import secret_in
from publishing.validation.walk import Kind, places

_MAX_SECRETS = 50
_MAX_URL = 2_000


def check_security(document: JsonObject, text: str) -> Iterator[Violation]:
    """Findings about the endpoint are advice here: a publication checks the endpoint that it binds."""
    yield from _check_servers(document)
    yield from _check_auth(document)
    if secret_in(text) or "\\" in text:
        yield from _check_secrets(document)


def _check_servers(document: JsonObject) -> Iterator[Violation]:
    for place in places(document):
        url = place.value.get("url")
        if place.kind is Kind.SERVER and isinstance(url, str):
            yield from _check_server(url, Location(place.where, "url"))


def _check_server(url: str, where: Where) -> Iterator[Violation]:
    if len(url) > _MAX_URL:
        yield _advice("server_unreadable", where, "The server's URL is absurdly long.", "Write a full address.")
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        host = "["
        parts = None
    if parts is not None and parts.scheme == "http":
        yield _advice(
            "server_not_encrypted", where, "The server is addressed by http, not https.", "Offer it over TLS."
        )
    if parts is not None and "@" in parts.netloc:
        yield _advice(
            "server_userinfo", where, "The server's URL carries a user name or password.", "Remove it from the URL."
        )
    if host is None or "{" in host:
        return
    try:
        refusal = refusal_of_host(host)
    except UnreadableHost as error:
        yield _advice("server_unreadable", where, f"The server's URL is not usable: {error}.", "Write a full address.")
        return
    if refusal:
        yield _advice(
            "server_private", where, f"The server is not public: {refusal}.", "Name the address that callers reach."
        )


def _check_auth(document: JsonObject) -> Iterator[Violation]:
    operations = operations_of(document)
    if not operations or document.get("security"):
        return
    if any(operation.get("security") for _, operation in operations):
        return
    components = document.get("components")
    declared = components.get("securitySchemes") if isinstance(components, dict) else None
    yield _advice(
        "auth_not_declared",
        None,
        "Security schemes are declared but no operation requires one."
        if declared
        else "The document does not say how callers authenticate.",
        "Declare components/securitySchemes and require one under `security`.",
    )


def _check_secrets(document: JsonObject) -> Iterator[Violation]:
    found = 0
    pending: list[tuple[Json, Where]] = [(document, None)]
    while pending and found < _MAX_SECRETS:
        value, where = pending.pop()
        if isinstance(value, str):
            kind = secret_in(value)
            if kind:
                found += 1
                yield _secret(kind, where)
        elif isinstance(value, dict):
            pending.extend((member, Location(where, key)) for key, member in value.items())
        elif isinstance(value, list):
            pending.extend((member, Location(where, index)) for index, member in enumerate(value))


def _secret(kind: str, where: Where) -> Violation:
    return Violation(
        "secret_in_document",
        Layer.SECURITY,
        Weight.VIOLATION,
        where,
        f"The text looks like a real secret ({shown(kind)}).",
        "Revoke it, and write a placeholder in its place.",
    )


def _advice(code: str, where: Where, message: str, fix: str) -> Violation:
    return Violation(code, Layer.SECURITY, Weight.ADVICE, where, message, fix)
