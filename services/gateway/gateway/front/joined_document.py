"""One OpenAPI document of many: pure, so that it is tested as a table."""

import json
import re
from collections.abc import Mapping
from typing import Any

from dataplane.documented_calls import CALL_SCHEMAS, with_calls
from gateway.routes.rules import service_of

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})


def joined(documents: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """One document of many: the paths that the gateway hands to each service, schemas named by their service."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    security: dict[str, Any] = {}
    for service, document in documents.items():
        renamed = json.loads(json.dumps(document).replace("#/components/schemas/", f"#/components/schemas/{service}_"))
        components = renamed.get("components", {})
        # A service that takes calls describes them too; here they are the gateway's own.
        own = {name: schema for name, schema in components.get("schemas", {}).items() if name not in CALL_SCHEMAS}
        schemas |= {f"{service}_{name}": schema for name, schema in own.items()}
        security |= components.get("securitySchemes", {})
        for path, item in renamed.get("paths", {}).items():
            ours = {key: value for key, value in item.items() if _is_routed(service, key, path)}
            if ours.keys() & _METHODS:
                paths.setdefault(path, {}).update(ours)
    info = {"title": "LLM Marketplace", "version": "1", "description": "Publish, discover, consume and govern."}
    parts = {"schemas": schemas, "securitySchemes": security}
    return with_calls({"openapi": "3.1.0", "info": info, "paths": paths, "components": parts})


def methods_at(document: Mapping[str, Any], path: str) -> list[str]:
    """The methods that the document names for a path, whichever services answer them."""
    found = {
        method.upper()
        for template, item in document["paths"].items()
        if _matches(template, path)
        for method in item.keys() & _METHODS
    }
    return sorted(found)


def _matches(template: str, path: str) -> bool:
    parts = re.split(r"\{\w+\}", template)
    return re.fullmatch("[^/]+".join(map(re.escape, parts)), path) is not None


def _is_routed(service: str, key: str, path: str) -> bool:
    if key not in _METHODS:
        return True
    example = path.replace("{", "").replace("}", "")
    return service_of(key.upper(), example) == service
