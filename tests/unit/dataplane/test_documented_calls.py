"""The calls in OpenAPI documents: whole wherever they are told of, and told of once where documents are joined."""

import json
import re
from typing import Any

from dataplane.documented_calls import with_calls
from gateway.front.joined_document import joined

KEYS: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "LLM Marketplace: consumption", "version": "1"},
    "paths": {
        "/api/v1/keys": {
            "get": {
                "operationId": "consumption_keys",
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/K"}}}}},
            }
        }
    },
    "components": {"schemas": {"K": {"type": "object"}}, "securitySchemes": {"Bearer": {"type": "http"}}},
}


def test_a_document_tells_of_its_own_paths_and_of_the_calls_and_refers_to_nothing_that_is_not_there() -> None:
    document = with_calls(KEYS)
    assert {"/api/v1/keys", "/v1/chat/completions", "/v1/models", "/api/v1/consume/{listing}"} <= set(document["paths"])
    assert set(document["components"]["securitySchemes"]) == {"ApiKey", "Bearer"}
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document["paths"])))
    assert referred <= set(document["components"]["schemas"])
    assert "K" in referred
    assert "CallError" in referred
    assert "/v1/models" not in KEYS["paths"], "what the application keeps is left as it was"


def test_documents_that_are_joined_tell_of_the_calls_once() -> None:
    assert joined({"consumption": with_calls(KEYS)}) == joined({"consumption": KEYS})
