"""The description of a listing in YAML or JSON, made whole: the OpenAPI document put in, the credential fetched."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from marketplace_cli.api_client import Json, World
from marketplace_cli.errors import FileRefused
from marketplace_cli.local_document import is_address, read_file, read_source

_LONGEST_NAME_OF_A_FILE = 1000
_MEMBER = re.compile(rb"""^["']?(\w+)["']?[ \t]*:""", re.MULTILINE)


def describes_listing(text: bytes) -> bool:
    """Whether a file describes a listing rather than an API."""
    members = _members(text)
    return {"name", "endpoint", "openapi"} <= members and not {"info", "paths"} & members


def _members(text: bytes) -> set[str]:
    """The names at the top; of YAML without parsing it, for a large document takes minutes."""
    if text.lstrip()[:1] != b"{":
        return {match[1].decode("ascii", "replace") for match in _MEMBER.finditer(text)}
    try:
        return set(json.loads(text))
    except (ValueError, RecursionError):
        return set()


@dataclass(frozen=True)
class ListingFile:
    """A description and where it lies; what it names is seen from its folder."""

    path: Path
    environment: Mapping[str, str]
    world: World

    def whole(self) -> Json:
        """The body of the publication. Raises FileRefused."""
        described = self._described()
        described["openapi"] = self._document(described.get("openapi"))
        endpoint = described.get("endpoint")
        if isinstance(endpoint, dict):
            described["endpoint"] = self._endpoint(cast("Json", endpoint))
        return described

    def document(self) -> bytes:
        """The OpenAPI document alone, as it would be sent. Raises FileRefused."""
        found = self._document(self._described().get("openapi"))
        return (found if isinstance(found, str) else json.dumps(found)).encode()

    def _described(self) -> Json:
        text = read_file(self.path)
        try:
            found: Any = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise FileRefused(f"{self.path} is neither YAML nor JSON.") from None
        if not isinstance(found, dict):
            raise FileRefused(f"{self.path} does not describe a listing: it needs name, version, endpoint, openapi.")
        try:
            # Dates and the like become text, as JSON has it.
            return json.loads(json.dumps(found, default=str))
        except (TypeError, ValueError, RecursionError):
            raise FileRefused(f"{self.path} holds keys or values that JSON has no words for.") from None

    def _document(self, given: object) -> object:
        """The document as it is, or as text out of the file or address that is named."""
        if given is None:
            raise FileRefused(f"{self.path} names no OpenAPI document: `openapi: openapi.json`, or an address.")
        if not isinstance(given, str) or "\n" in given or len(given) > _LONGEST_NAME_OF_A_FILE:
            return given
        body = read_source(given if is_address(given) else str(Path(given)), self.world, self.path.parent)
        return body.decode("utf-8", "replace")

    def _endpoint(self, endpoint: Json) -> Json:
        credential = endpoint.get("credential")
        if not isinstance(credential, str):
            return endpoint
        return {**endpoint, "credential": self._credential(credential)}

    def _credential(self, given: str) -> str:
        """`${NAME}` is a variable, `file:path` a file, `file:path#member` a member of a JSON file."""
        if given.startswith("${") and given.endswith("}"):
            value = self.environment.get(given[2:-1], "")
            if not value:
                raise FileRefused(f"The variable {given[2:-1]} is not set: the endpoint's credential is taken from it.")
            return value
        if given.startswith("file:"):
            name, _, member = given.removeprefix("file:").partition("#")
            return self._from_file(self.path.parent / name, member)
        return given

    def _from_file(self, path: Path, member: str) -> str:
        text = read_file(path).decode("utf-8", "replace")
        if not member:
            return text.strip()
        try:
            return str(json.loads(text)[member])
        except (ValueError, KeyError, TypeError):
            raise FileRefused(f"{path} has no {member}: the endpoint's credential is taken from it.") from None
