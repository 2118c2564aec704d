"""The data plane's paths for the OpenAPI page; their bodies are OpenAI's own, so only what we add is described."""

from typing import Any

_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CallBody"}}},
}
_ERROR: dict[str, Any] = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/CallError"}}}}
_REFUSALS = {
    "400": "The body is not valid",
    "401": "The key is missing or not valid",
    "402": "The budget is used up",
    "403": "The key may not do this",
    "404": "No such model or listing for this key",
    "413": "The body is too large",
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
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    **{status: {"description": text, **_ERROR} for status, text in _REFUSALS.items()},
}


def _operation(
    name: str, summary: str, *, body: bool = True, parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"gateway_{name}",
        "summary": summary,
        "tags": ["data plane"],
        "security": [{"ApiKey": []}],
        "responses": _REPLY,
    }
    if body:
        operation["requestBody"] = _BODY
    if parameters:
        operation["parameters"] = parameters
    return operation


def _in_path(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


DATA_PLANE_PATHS: dict[str, Any] = {
    "/v1/chat/completions": {
        "post": _operation("chat", "Chat with a listing; `model` is its id or team/name[@version]")
    },
    "/v1/completions": {"post": _operation("completions", "Complete a text")},
    "/v1/embeddings": {"post": _operation("embeddings", "Turn texts into vectors")},
    "/v1/models": {"get": _operation("models", "The listings that this key may call", body=False)},
    "/v1/models/{model}": {
        "get": _operation(
            "model", "One listing as a model", body=False, parameters=[_in_path("model", "Listing id or team/name")]
        )
    },
    "/api/v1/consume/{listing}": {
        "post": _operation(
            "consume",
            "Call a listing by its id, or id@version",
            parameters=[_in_path("listing", "Listing id or team/name, with an optional @version")],
        )
    },
}

DATA_PLANE_SCHEMAS: dict[str, Any] = {
    "CallBody": {
        "type": "object",
        "properties": {
            "model": {"type": "string"},
            "stream": {"type": "boolean"},
            "max_tokens": {"type": "integer", "minimum": 1},
        },
    },
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
