"""What validation needs from outside: the official schemas' judgement, and a place to run that cannot hurt."""

from collections.abc import Iterator
from typing import Protocol

from publishing.validation.findings import Mode, ValidationReport, Violation
from publishing.validation.json_value import JsonObject, Where


class OfficialSchemas(Protocol):
    """Holds objects against the schemas that the OpenAPI Initiative and JSON Schema publish."""

    def document_violations(self, document: JsonObject, version: str) -> Iterator[Violation]:
        """What the OpenAPI schema of that version (`3.0`, `3.1`) objects to."""
        ...

    def schema_violations(self, schema: JsonObject, where: Where) -> Iterator[Violation]:
        """What the JSON Schema 2020-12 dialect objects to in a schema of OpenAPI 3.1."""
        ...


class DocumentValidator(Protocol):
    """Validates a document where neither its size nor its shape can hurt anybody else."""

    async def validate(self, raw: bytes, content_type: str, mode: Mode) -> ValidationReport:
        """The report; errors.ValidationBusy when too many documents wait already."""
        ...
