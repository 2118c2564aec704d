"""The demo's OpenAPI document is the one its request classes describe, and our own strict validation passes it."""

import json
from importlib import resources

from demo_provider.openapi_document import document, written
from publishing.validation.findings import Mode, Severity
from publishing.validation.official_schemas import BundledSchemas
from publishing.validation.rules import Judge, judge_document


def test_the_committed_document_is_fresh() -> None:
    committed = resources.files("demo_provider").joinpath("openapi.json").read_text()
    assert committed == written(), "run python -m demo_provider.openapi_document"


def test_our_strict_validation_finds_nothing_to_mend() -> None:
    report = judge_document(json.dumps(document()).encode(), "application/json", Mode.STRICT, Judge(BundledSchemas()))
    assert report.valid
    assert [finding for finding in report.findings if finding.severity is not Severity.INFO] == []


def test_every_operation_demands_the_vendor_key() -> None:
    assert document()["security"] == [{"vendorKey": []}]
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    assert all("401" in operation["responses"] for operation in operations)
