"""POST /api/v1/validate and the action behind it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry

from chassis.health import Readiness
from chassis.identity.principal import Principal
from chassis.web.application import Application
from publishing.validation.actions import ValidateDocument
from publishing.validation.errors import DocumentTooLarge, ValidationBusy
from publishing.validation.findings import Finding, Layer, Mode, Severity, ValidationReport
from publishing.validation.http_api import router

REPORT = ValidationReport(
    valid=False,
    mode=Mode.STRICT,
    openapi_version="3.1.0",
    title="Weather",
    operations=2,
    findings=[
        Finding("dangling_ref", Severity.ERROR, Layer.OPENAPI, "/paths/~1a", 7, "It leads nowhere.", "Define it.")
    ],
    more_findings=1,
)
SIGNED_IN = {"authorization": "Bearer anybody"}


class RecordingValidator:
    """Answers every document with one report, and remembers what it was asked."""

    def __init__(self, *, busy: bool = False) -> None:
        self.asked: list[tuple[bytes, str, Mode]] = []
        self._busy = busy

    async def validate(self, raw: bytes, content_type: str, mode: Mode) -> ValidationReport:
        if self._busy:
            raise ValidationBusy("Try again in a moment.", retry_after=5)
        self.asked.append((raw, content_type, mode))
        return REPORT


class AnyToken:
    async def verify(self, token: str) -> Principal:
        return Principal("acc_1", frozenset(), None, None, None, 1, datetime.now(UTC) + timedelta(minutes=5))


def client(validator: RecordingValidator, max_bytes: int = 100) -> TestClient:
    application = Application(
        service="publishing",
        description="Publishes.",
        routers=[router],
        state={"validate_document": ValidateDocument(validator, max_bytes), "access_tokens": AnyToken()},
        readiness=Readiness(),
        registry=CollectorRegistry(),
        new_request_id=lambda: "req_1",
    )
    return TestClient(application.build(), raise_server_exceptions=False, headers=SIGNED_IN)


def test_the_body_is_handed_on_as_it_stands_and_the_report_comes_back() -> None:
    validator = RecordingValidator()
    with client(validator) as http:
        answer = http.post(
            "/api/v1/validate?mode=lenient", content=b"{not json", headers={"content-type": "application/json"}
        )
    assert validator.asked == [(b"{not json", "application/json", Mode.LENIENT)]
    body = answer.json()
    assert answer.status_code == 200
    assert (body["valid"], body["operations"], body["more_findings"]) == (False, 2, 1)
    assert body["findings"] == [
        {
            "code": "dangling_ref",
            "severity": "error",
            "layer": "openapi",
            "pointer": "/paths/~1a",
            "line": 7,
            "message": "It leads nowhere.",
            "fix": "Define it.",
        }
    ]


@pytest.mark.parametrize("content_type", ["application/yaml", "text/yaml", "text/plain", "image/png", ""])
def test_any_content_type_is_taken_and_strict_is_the_default(content_type: str) -> None:
    validator = RecordingValidator()
    with client(validator) as http:
        assert http.post("/api/v1/validate", content=b"a: 1", headers={"content-type": content_type}).status_code == 200
    assert validator.asked == [(b"a: 1", content_type, Mode.STRICT)]


def test_an_empty_body_is_a_document_too() -> None:
    validator = RecordingValidator()
    with client(validator) as http:
        assert http.post("/api/v1/validate").status_code == 200
    assert validator.asked[0][0] == b""


def endless() -> Iterator[bytes]:
    for _ in range(1000):
        yield b"a" * 30


@pytest.mark.parametrize(
    ("request_parts", "status", "code"),
    [
        ({"content": b"a" * 101}, 413, "document_too_large"),
        ({"content": endless()}, 413, "document_too_large"),
        ({"content": b"a", "headers": {"content-encoding": "gzip"}}, 415, "document_encoded"),
        ({"content": b"a", "params": {"mode": "kind"}}, 422, None),
        ({"content": b"a", "headers": {"authorization": ""}}, 401, "unauthenticated"),
    ],
)
def test_what_cannot_be_read_is_refused_before_it_is_validated(
    request_parts: dict[str, Any], status: int, code: str | None
) -> None:
    validator = RecordingValidator()
    with client(validator) as http:
        answer = http.post("/api/v1/validate", **request_parts)
    assert (answer.status_code, validator.asked) == (status, [])
    assert answer.headers["content-type"] == "application/problem+json"
    assert code in {None, answer.json()["code"]}


def test_too_many_at_once_is_a_refusal_that_says_when_to_come_back() -> None:
    with client(RecordingValidator(busy=True)) as http:
        answer = http.post("/api/v1/validate", content=b"a")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (429, "validation_busy", "5")


def test_the_door_describes_its_body_and_every_answer() -> None:
    with client(RecordingValidator()) as http:
        operation = http.get("/openapi.json").json()["paths"]["/api/v1/validate"]["post"]
    assert {"application/json", "application/yaml"} <= set(operation["requestBody"]["content"])
    assert {"200", "413", "415", "422", "429"} <= set(operation["responses"])


async def test_validate_document_bounds_the_size_itself() -> None:
    validator = RecordingValidator()
    validate = ValidateDocument(validator, max_bytes=3)
    assert await validate(b"abc", "", Mode.STRICT) is REPORT
    with pytest.raises(DocumentTooLarge):
        await validate(b"abcd", "", Mode.STRICT)
    assert len(validator.asked) == 1
