"""What a document is told in each mode, rule by rule."""

import json
from typing import Any

import pytest

from publishing.validation.findings import Finding, Mode, Severity, ValidationReport
from publishing.validation.json_pointer import follow, tokens_of
from publishing.validation.official_schemas import BundledSchemas
from publishing.validation.rules import Judge, judge_document

JUDGE = Judge(BundledSchemas())


def document(**fields: Any) -> dict[str, Any]:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Weather", "version": "1.0.0", "description": "Tells the weather."},
        "servers": [{"url": "https://api.weather.com/v1"}],
        "security": [{"key": []}],
        "paths": {"/now": {"get": {"operationId": "now", "responses": {"200": {"description": "now"}}}}},
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        **fields,
    }


def judged(given: Any, mode: Mode = Mode.STRICT) -> ValidationReport:
    raw = given if isinstance(given, bytes) else json.dumps(given).encode()
    return judge_document(raw, "", mode, JUDGE)


def finding(report: ValidationReport, code: str) -> Finding:
    found = [finding for finding in report.findings if finding.code == code]
    assert found, [finding.code for finding in report.findings]
    return found[0]


def with_schemas(version: str = "3.1.0", **schemas: Any) -> dict[str, Any]:
    return document(openapi=version, components={**document()["components"], "schemas": schemas})


def with_operation(path: str = "/now", **operation: Any) -> dict[str, Any]:
    return document(paths={path: {"get": {"responses": {"200": {"description": "x"}}, **operation}}})


def test_a_sound_document_has_no_findings() -> None:
    report = judged(document())
    assert (report.valid, report.findings, report.openapi_version) == (True, [], "3.1.0")
    assert (report.title, report.operations) == ("Weather", 1)


BROKEN: dict[str, tuple[Any, str, str]] = {
    "field missing": (document(info={"title": "x"}), "openapi_required", "/info"),
    "field unknown": (document(extra=1), "openapi_unevaluated_properties", "/extra"),
    "schema of a wrong type": (with_schemas(A={"type": 3}), "openapi_enum", "/components/schemas/A/type"),
    "3.1 with a 3.0 bound": (
        with_schemas(A={"exclusiveMinimum": True}),
        "openapi_type",
        "/components/schemas/A/exclusiveMinimum",
    ),
    "3.0 with a 3.1 bound": (
        with_schemas("3.0.3", A={"properties": {"a": {"exclusiveMinimum": 0}}}),
        "openapi_type",
        "/components/schemas/A/properties/a/exclusiveMinimum",
    ),
    "default of a wrong type": (
        with_schemas(A={"type": "integer", "default": "1"}),
        "default_not_allowed",
        "/components/schemas/A/default",
    ),
    "null default, not nullable": (
        with_schemas("3.0.0", A={"type": "integer", "default": None}),
        "default_not_allowed",
        "/components/schemas/A/default",
    ),
    "default not among the choices": (
        with_schemas(A={"enum": ["a", "b"]}, B={"$ref": "#/components/schemas/A", "default": "c"}),
        "default_not_allowed",
        "/components/schemas/B/default",
    ),
    "default below the minimum": (
        with_schemas(A={"type": "number", "minimum": 1, "default": 0}),
        "default_not_allowed",
        "/components/schemas/A/default",
    ),
    "dangling reference": (
        with_schemas(A={"$ref": "#/components/schemas/B"}),
        "dangling_ref",
        "/components/schemas/A/$ref",
    ),
    "remote reference": (
        with_schemas(A={"$ref": "http://169.254.169.254/latest"}),
        "remote_ref",
        "/components/schemas/A/$ref",
    ),
    "file reference": (with_schemas(A={"$ref": "file:///etc/passwd"}), "remote_ref", "/components/schemas/A/$ref"),
    "circle of references": (
        with_schemas(A={"$ref": "#/components/schemas/B"}, B={"$ref": "#/components/schemas/A"}),
        "circular_ref",
        "/components/schemas/A/$ref",
    ),
    "parameter not declared": (with_operation("/a/{id}"), "path_parameter_undeclared", "/paths/~1a~1{id}/get"),
    "parameter not named": (
        with_operation(parameters=[{"name": "id", "in": "path", "required": True, "schema": {}}]),
        "path_parameter_unused",
        "/paths/~1now/get",
    ),
    "parameter twice": (
        with_operation(parameters=[{"name": "q", "in": "query", "schema": {}}] * 2),
        "doubled_parameter",
        "/paths/~1now/get/parameters/1",
    ),
    "operation id twice": (
        document(
            paths={"/a": {m: {"operationId": "x", "responses": {"200": {"description": "x"}}} for m in ("get", "put")}}
        ),
        "doubled_operation_id",
        "/paths/~1a/put/operationId",
    ),
    "same path twice": (document(paths={"/{a}": {}, "/{b}": {}}), "ambiguous_path", "/paths/~1{b}"),
    "unknown scheme": (document(security=[{"other": []}]), "unknown_security_scheme", "/security/0/other"),
    "tag twice": (document(tags=[{"name": "a"}, {"name": "a"}]), "doubled_tag", "/tags/1"),
    "secret": (
        document(info={**document()["info"], "description": "use AKIA" + "Q3EXAMPL7ZKDW5TR"}),
        "secret_in_document",
        "/info/description",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_strict_refuses_what_lenient_only_warns_of(name: str) -> None:
    given, code, pointer = BROKEN[name]
    strict, lenient = judged(given), judged(given, Mode.LENIENT)
    assert (strict.valid, lenient.valid) == (False, True)
    told = finding(strict, code)
    assert (told.severity, told.pointer) == (Severity.ERROR, pointer)
    assert finding(lenient, code).severity is Severity.WARNING
    follow(given, tokens_of(told.pointer))
    assert told.message
    assert told.fix


FINE: dict[str, dict[str, Any]] = {
    "schema that contains itself": with_schemas(A={"properties": {"a": {"$ref": "#/components/schemas/A"}}}),
    "nullable default": with_schemas("3.0.0", A={"type": "string", "nullable": True, "default": None}),
    "null among the types": with_schemas(A={"type": ["string", "null"], "default": None}),
    "whole number as a float": with_schemas(A={"type": "integer", "default": 1.0}),
    "anchor": with_schemas(A={"$anchor": "a"}, B={"$ref": "#a"}),
    "embedded id": with_schemas(A={"$id": "https://x.org/a"}, B={"$ref": "https://x.org/a"}),
    "parameter by reference": document(
        paths={
            "/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": {"operationId": "now", "responses": {"200": {"description": "x"}}},
            }
        },
        components={
            **document()["components"],
            "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {}}},
        },
    ),
    "reference inside an example": with_schemas(A={"example": {"$ref": "#/nowhere"}}),
    "placeholder of a key": document(info={**document()["info"], "description": "sk-" + "x" * 48}),
}


@pytest.mark.parametrize("name", FINE)
def test_strict_accepts_what_the_specification_allows(name: str) -> None:
    report = judged(FINE[name])
    assert report.valid, report.findings


UNUSABLE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty_document"),
    "blank": (b" \n\t ", "empty_document"),
    "bytes": (bytes(range(256)), "not_utf8"),
    "wide text": ("openapi: 3.1.0".encode("utf-16"), "not_utf8"),
    "text": (b"hello", "not_a_mapping"),
    "list": (b"[]", "not_a_mapping"),
    "no version": (b"{}", "not_openapi"),
    "swagger": (b'swagger: "2.0"\npaths: {}', "swagger_2"),
    "a later version": (b'{"openapi": "4.0.0", "paths": {}}', "unsupported_version"),
    "a list for a version": (b'{"openapi": ["3.1.0"], "paths": {}}', "unsupported_version"),
    "nothing described": (b'{"openapi": "3.1.0", "info": {}}', "nothing_described"),
    "broken JSON": (b'{"openapi": "3.1.0",]', "not_yaml"),
    "broken YAML": (b"a: b: c", "not_yaml"),
}


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", UNUSABLE)
def test_neither_mode_accepts_what_cannot_be_used(name: str, mode: Mode) -> None:
    raw, code = UNUSABLE[name]
    report = judged(raw, mode)
    assert not report.valid
    assert finding(report, code).severity is Severity.ERROR


def test_what_the_document_says_of_its_endpoint_is_advice_even_in_strict() -> None:
    given = document(servers=[{"url": "http://10.0.0.1/v1"}], security=[])
    report = judged(given)
    assert report.valid
    for code in ("server_not_encrypted", "server_private", "auth_not_declared"):
        assert finding(report, code).severity is Severity.WARNING


def test_a_secret_is_never_repeated_in_the_report() -> None:
    given, _, _ = BROKEN["secret"]
    assert "Q3EXAMPL7ZKDW5TR" not in str(judged(given))


def test_findings_are_capped_and_the_rest_is_counted() -> None:
    given = document(paths={f"/{index}": {"get": {"responses": 3}} for index in range(500)})
    report = judged(given)
    assert len(report.findings) == 200
    assert report.more_findings >= 300


def test_findings_know_their_line() -> None:
    raw = b"openapi: 3.1.0\ninfo:\n  title: x\n  version: 1.0.0\npaths:\n  /a/{id}:\n    get: {}\n"
    assert finding(judged(raw), "path_parameter_undeclared").line == 7
    assert finding(judged(document(extra=1)), "openapi_unevaluated_properties").line == 1
