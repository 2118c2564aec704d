"""Writes openapi.json out of the request classes: python -m demo_provider.openapi_document"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

from demo_provider.answers.chat_request import ChatRequest
from demo_provider.answers.text_request import TextRequest
from demo_provider.catalogue.rules import CREATED, MODELS, OWNER
from demo_provider.embeddings.requests import EmbeddingRequest
from demo_provider.openapi_answers import ANSWER_SCHEMAS

_REFERENCE = "#/components/schemas/"
_ERRORS = {
    "400": "The body cannot be read, or a value in it is not allowed",
    "401": "No vendor key, or one that is not known",
    "404": "There is no such model, or it cannot do this",
    "413": "The body is too large",
    "415": "The body is not declared as application/json",
    "429": "Too many requests: wait for Retry-After seconds",
}
_MODEL_EXAMPLE = {"id": "demo-chat", "object": "model", "created": CREATED, "owned_by": OWNER}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "ChatRequest": {"model": "demo-chat", "messages": [{"role": "user", "content": "Good morning"}]},
    "TextRequest": {"model": "demo-text", "prompt": "Good morning", "max_tokens": 32},
    "EmbeddingRequest": {"model": "demo-embed", "input": ["good morning", "good evening"], "dimensions": 64},
}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Demo provider",
            "version": "1.0.0",
            "description": (
                "An honest stand-in for a vendor of language models, in development and tests: it speaks OpenAI's "
                "protocol, counts exactly, and its replies only quote and count the words of the prompt."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"vendorKey": []}],
        "tags": [{"name": "answers"}, {"name": "embeddings"}, {"name": "models"}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "vendorKey": {"type": "http", "scheme": "bearer", "description": "The vendor key of the demo."}
            },
            "schemas": _schemas(),
        },
    }


def _paths() -> dict[str, Any]:
    parameter = {
        "name": "model",
        "in": "path",
        "required": True,
        "description": "Name of a model",
        "schema": {"type": "string", "enum": [model.name for model in MODELS]},
        "example": "demo-chat",
    }
    one = _operation("getModel", "models", "One model", _json("Model", _MODEL_EXAMPLE), ("401", "404"))
    every = {"object": "list", "data": [_MODEL_EXAMPLE]}
    return {
        "/v1/chat/completions": {"post": _post("createChatCompletion", "Continue a talk", "Chat")},
        "/v1/completions": {"post": _post("createCompletion", "Complete a text", "Text")},
        "/v1/embeddings": {"post": _post("createEmbedding", "Turn texts into vectors", "Embedding")},
        "/v1/models": {"get": _operation("listModels", "models", "All models", _json("ModelList", every), ("401",))},
        "/v1/models/{model}": {"get": {**one, "parameters": [parameter]}},
    }


def _post(operation_id: str, summary: str, name: str) -> dict[str, Any]:
    content = _json(f"{name}Answer")
    if name != "Embedding":
        content["text/event-stream"] = {
            "schema": {"description": f"The data of each event is a {name}Chunk, of the last [DONE]"}
        }
    tag = "embeddings" if name == "Embedding" else "answers"
    operation = _operation(operation_id, tag, summary, content, tuple(_ERRORS))
    body = _json(f"{name}Request", _EXAMPLES[f"{name}Request"])
    return {**operation, "requestBody": {"required": True, "content": body}}


def _operation(
    operation_id: str, tag: str, summary: str, content: dict[str, Any], errors: tuple[str, ...]
) -> dict[str, Any]:
    refusals = {status: {"description": _ERRORS[status], "content": _json("Refusal")} for status in errors}
    return {
        "operationId": operation_id,
        "summary": summary,
        "tags": [tag],
        "responses": {"200": {"description": "The answer", "content": content}, **refusals},
    }


def _json(schema: str, example: Any = None) -> dict[str, Any]:
    media: dict[str, Any] = {"schema": {"$ref": f"{_REFERENCE}{schema}"}}
    return {"application/json": {**media, "example": example} if example is not None else media}


def _schemas() -> dict[str, Any]:
    models = [(model, "validation") for model in (ChatRequest, TextRequest, EmbeddingRequest)]
    _, made = models_json_schema(models, ref_template=f"{_REFERENCE}{{model}}")  # pyright: ignore[reportArgumentType]
    schemas: dict[str, Any] = made["$defs"]
    kinds = {"ChatRequest": "chat", "TextRequest": "text", "EmbeddingRequest": "embedding"}
    for name, kind in kinds.items():
        schemas[name]["properties"]["model"] = {"enum": [model.name for model in MODELS if kind in model.does]}
    return {**schemas, **ANSWER_SCHEMAS}


def written() -> str:
    """The document as it stands in the file."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("openapi.json").write_text(written(), encoding="utf-8")
