"""The calls in a door's OpenAPI document; their bodies are OpenAI's own, so only what we add is described."""

from typing import Any

_ERROR: dict[str, Any] = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/CallError"}}}}
_REFUSALS = {
    "400": "The body is not valid",
    "401": "The key is missing or not valid",
    "402": "The budget is used up",
    "403": "The key may not do this",
    "404": "No such model or listing for this key",
    "413": "The body is too large",
    "414": "The path and the query are too long",
    "431": "The head is too large",
    "429": "Too fast, or the token quota is used up",
    "502": "The vendor failed",
    "503": "Quota cannot be checked right now",
    "504": "The vendor did not answer in time",
}
_REPLY: dict[str, Any] = {
    "200": {
        "description": "The vendor's reply, streamed where the body asks for it. Headers tell tokens, cost, limits.",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            # In OpenAPI 3.1 the schema of a stream of events is that of each.
            "text/event-stream": {
                "schema": {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}}
            },
        },
    },
    **{status: {"description": text, **_ERROR} for status, text in _REFUSALS.items()},
}


_CALL_REPLY: dict[str, Any] = {
    **_REPLY,
    "200": {
        **_REPLY["200"],
        "headers": {
            "Idempotent-Replayed": {
                "description": "`true` where this is the reply to an earlier call with the same Idempotency-Key.",
                "schema": {"type": "string", "enum": ["true"]},
            }
        },
    },
    "409": {
        "description": "The Idempotency-Key stands for another body, or for a call that has not ended, whose end nobody"
        " knows, or whose reply was not kept",
        **_ERROR,
    },
}
_IDEMPOTENCY_KEY: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and body within 24 hours are one call with one reply; a UUID for each call.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}


def _operation(
    name: str, summary: str, *, body: str = "", parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"calls_{name}",
        "summary": summary,
        "tags": ["data plane"],
        "security": [{"ApiKey": []}],
        "responses": _CALL_REPLY if body else _REPLY,
    }
    parameters = [*(parameters or []), *([_IDEMPOTENCY_KEY] if body else [])]
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if parameters:
        operation["parameters"] = parameters
    return operation


def _in_path(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


_PATHS: dict[str, Any] = {
    "/v1/chat/completions": {
        "post": _operation("chat", "Chat with a listing; `model` is its id or team/name[@version]", body="ChatBody")
    },
    "/v1/completions": {"post": _operation("completions", "Complete a text", body="CompletionBody")},
    "/v1/embeddings": {"post": _operation("embeddings", "Turn texts into vectors", body="EmbeddingBody")},
    "/v1/models": {"get": _operation("models", "The listings that this key may call")},
    "/v1/models/{model}": {
        "get": _operation("model", "One listing as a model", parameters=[_in_path("model", "Listing id or team/name")])
    },
    "/api/v1/consume/{listing}": {
        "post": _operation(
            "consume",
            "Call a listing by its id, or id@version",
            body="ConsumeBody",
            parameters=[_in_path("listing", "Listing id or team/name, with an optional @version")],
        )
    },
}

_MODEL: dict[str, Any] = {"type": "string", "minLength": 1, "description": "Listing id or team/name[@version]"}
# A text or several, or tokens by their numbers.
_TEXTS: dict[str, Any] = {"anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "minItems": 1}]}
_MESSAGES: dict[str, Any] = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["role"],
        "properties": {"role": {"type": "string"}, "content": {"type": ["string", "array", "null"]}},
    },
}
_ANSWER: dict[str, Any] = {
    "stream": {"type": "boolean"},
    "max_tokens": {"type": "integer", "minimum": 1, "maximum": 2**31},
}


def _body(required: list[str], properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What we read of a body; every other field of OpenAI's goes to the vendor as it is."""
    return {"type": "object", "required": required, "properties": properties, **more}


CALL_SCHEMAS: dict[str, Any] = {
    "ChatBody": _body(["model", "messages"], {"model": _MODEL, "messages": _MESSAGES, **_ANSWER}),
    "CompletionBody": _body(["model", "prompt"], {"model": _MODEL, "prompt": _TEXTS, **_ANSWER}),
    "EmbeddingBody": _body(["model", "input"], {"model": _MODEL, "input": _TEXTS}),
    "ConsumeBody": _body(
        [],
        {"messages": _MESSAGES, "prompt": _TEXTS, "input": _TEXTS, **_ANSWER},
        anyOf=[{"required": ["messages"]}, {"required": ["prompt"]}, {"required": ["input"]}],
    ),
    "CallError": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type", "param", "code"],
                "properties": {
                    "message": {"type": "string"},
                    "type": {"type": "string"},
                    "param": {"type": ["string", "null"]},
                    "code": {"type": ["string", "null"]},
                },
            }
        },
    },
}


def with_calls(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a door that takes calls besides what it describes by itself."""
    components = document.get("components", {})
    security = {"type": "http", "scheme": "bearer", "description": "An API key from POST /api/v1/keys"}
    return document | {
        "paths": dict(sorted((document["paths"] | _PATHS).items())),
        "components": components
        | {
            "schemas": CALL_SCHEMAS | components.get("schemas", {}),
            "securitySchemes": components.get("securitySchemes", {}) | {"ApiKey": security},
        },
    }
