"""The shapes of the answers and refusals, for the OpenAPI document."""

from typing import Any

Schema = dict[str, Any]
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string"}
_NULL: Schema = {"type": "null"}
_FINISH: Schema = {"type": "string", "enum": ["stop", "length", "tool_calls"]}


def _object(**properties: Schema) -> Schema:
    """An object all of whose properties are always there."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, _NULL]}


def _answer(name: str, choice: Schema, *, chunk: bool = False) -> Schema:
    shape = _object(
        id=_TEXT,
        object={"const": name},
        created=_COUNT,
        model=_TEXT,
        system_fingerprint={"const": "demo-provider"},
        choices=_list(choice),
    )
    shape["properties"]["usage"] = _or_null(_ref("Usage")) if chunk else _ref("Usage")
    return shape


_CALL = _object(id=_TEXT, type={"const": "function"}, function=_object(name=_TEXT, arguments=_TEXT))
_MESSAGE = _object(role={"const": "assistant"}, content={"type": ["string", "null"]}, refusal=_NULL)
_MESSAGE["properties"]["tool_calls"] = _list(_CALL)
_DELTA: Schema = {
    "type": "object",
    "properties": {"content": {"type": ["string", "null"]}, "tool_calls": _list({"type": "object"})},
}

ANSWER_SCHEMAS: dict[str, Schema] = {
    "Usage": _object(prompt_tokens=_COUNT, completion_tokens=_COUNT, total_tokens=_COUNT),
    "ChatAnswer": _answer(
        "chat.completion", _object(index=_COUNT, message=_MESSAGE, logprobs=_NULL, finish_reason=_FINISH)
    ),
    "ChatChunk": _answer(
        "chat.completion.chunk",
        _object(index=_COUNT, delta=_DELTA, logprobs=_NULL, finish_reason=_or_null(_FINISH)),
        chunk=True,
    ),
    "TextAnswer": _answer("text_completion", _object(index=_COUNT, text=_TEXT, logprobs=_NULL, finish_reason=_FINISH)),
    "TextChunk": _answer(
        "text_completion",
        _object(index=_COUNT, text=_TEXT, logprobs=_NULL, finish_reason=_or_null(_FINISH)),
        chunk=True,
    ),
    "EmbeddingAnswer": _object(
        object={"const": "list"},
        model=_TEXT,
        data=_list(
            _object(
                object={"const": "embedding"},
                index=_COUNT,
                embedding={"anyOf": [_list({"type": "number"}), {"type": "string", "contentEncoding": "base64"}]},
            )
        ),
        usage=_object(prompt_tokens=_COUNT, total_tokens=_COUNT),
    ),
    "Model": _object(id=_TEXT, object={"const": "model"}, created=_COUNT, owned_by=_TEXT),
    "ModelList": _object(object={"const": "list"}, data=_list(_ref("Model"))),
    "Refusal": _object(
        error=_object(message=_TEXT, type=_TEXT, param={"type": ["string", "null"]}, code={"type": ["string", "null"]})
    ),
}
