"""The HTTP door: POST /api/v1/validate, whose body is the document itself."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from chassis.web.access import SIGNED_IN, requires
from chassis.web.application import provided
from chassis.web.problems import PROBLEM_CONTENT
from publishing.validation.actions import MAX_DOCUMENT_BYTES, ValidateDocument
from publishing.validation.errors import DocumentEncoded, DocumentTooSlow
from publishing.validation.findings import Layer, Mode, Severity, ValidationReport

router = APIRouter(tags=["validation"])

_BODY_SECONDS = 30.0
# A little above the document's own limit, so that the refusal is ours and names it.
_TRANSPORT_LIMIT = MAX_DOCUMENT_BYTES + 64 * 1024


class FindingBody(BaseModel):
    """One thing to mend in the document."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(description="Stable name of the rule", examples=["default_not_allowed"])
    severity: Severity = Field(description="An error makes the document invalid")
    layer: Layer = Field(description="Which of the five layers found it")
    pointer: str = Field(description="JSON pointer (RFC 6901) into the document; empty for the whole")
    line: int | None = Field(description="Line in the text, from 1, where it is known")
    message: str = Field(description="What is wrong")
    fix: str = Field(description="How to mend it")


class ValidationReportBody(BaseModel):
    """The answer about one document."""

    model_config = ConfigDict(from_attributes=True)

    valid: bool = Field(description="Whether no finding is an error")
    mode: Mode
    openapi_version: str | None = Field(description="As the document writes it; null where it could not be read")
    title: str | None
    operations: int = Field(description="Operations under `paths`")
    findings: list[FindingBody] = Field(description="Errors first; at most 200")
    more_findings: int = Field(description="How many more there are than are listed")


validate_document_action = provided("validate_document")


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": PROBLEM_CONTENT}


_RESPONSES: dict[int | str, dict[str, Any]] = {
    408: _problem("The document did not arrive in time"),
    413: _problem("The document is larger than 8 MiB"),
    415: _problem("The body is compressed"),
    422: _problem("The query is not valid"),
    429: _problem("Too many documents are being validated"),
}
_BODY: dict[str, Any] = {
    "required": False,
    "description": "An OpenAPI 3.0 or 3.1 document, in UTF-8, at most 8 MiB; any other type is recognised by content.",
    "content": {
        "application/json": {"schema": {}},
        "application/yaml": {"schema": {}},
        "text/yaml": {"schema": {}},
    },
}


@router.post(
    "/api/v1/validate",
    operation_id="validateDocument",
    summary="Validate an OpenAPI document without publishing it",
    response_model=ValidationReportBody,
    responses=_RESPONSES,
    openapi_extra={"requestBody": _BODY},
    dependencies=[requires(SIGNED_IN)],
    max_body_size=_TRANSPORT_LIMIT,
)
async def validate_document(
    request: Request,
    validate: Annotated[ValidateDocument, Depends(validate_document_action)],
    mode: Annotated[Mode, Query(description="strict refuses any violation; lenient what is unusable")] = Mode.STRICT,
) -> ValidationReport:
    """Findings in five layers, each with where it is and how to mend it.

    Nothing is fetched and nothing is stored. A document that is not OpenAPI at all is an answer too: `valid` is false.
    """
    raw = await read_document(request, validate)
    return await validate(raw, request.headers.get("content-type", ""), mode)


async def read_document(request: Request, validate: ValidateDocument) -> bytes:
    """The body, counted while it flows, so that neither its length nor its slowness can hold the service."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        raise DocumentEncoded("The body is compressed: send the document as plain text.")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and len(declared) < 20:
        validate.admit(int(declared))
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                validate.admit(len(body))
    except TimeoutError:
        raise DocumentTooSlow("The document did not arrive within 30 seconds: send it again.") from None
    return bytes(body)
