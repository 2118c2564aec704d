"""Values are taken as the document describes them: 3.0 is whole, "3" is not; times are RFC 3339; secrets are text."""

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from chassis.web.sent_values import TAKEN_WHOLE, SentMoment, SentSecret

MOMENT: TypeAdapter[datetime] = TypeAdapter(SentMoment)
NUMBER: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, strict=True), TAKEN_WHOLE])


@pytest.mark.parametrize(("sent", "taken"), [(3, 3), (3.0, 3), (-0.0, 0)])
def test_whole_numbers_are_taken_in_both_of_json_s_spellings(sent: object, taken: int) -> None:
    found = NUMBER.validate_python(sent)
    assert (found, type(found)) == (taken, int)


@pytest.mark.parametrize("sent", ["3", True, 3.5, float("inf"), float("nan"), None, [3]])
def test_what_is_no_whole_number_is_refused(sent: object) -> None:
    with pytest.raises(ValidationError):
        NUMBER.validate_python(sent)


@pytest.mark.parametrize(
    ("sent", "hour"),
    [("2030-01-31T12:00:00Z", 12), ("2030-01-31t12:00:00.25z", 12), ("2030-01-31T12:00:00+02:00", 10)],
)
def test_times_are_taken_and_come_out_in_utc(sent: str, hour: int) -> None:
    found = MOMENT.validate_python(sent)
    assert (found.hour, found.tzinfo) == (hour, UTC)


@pytest.mark.parametrize(
    "sent",
    [
        "0.5",
        "4000000000",
        4_000_000_000,
        "2030-01-31",
        "2030-01-31T12:00:00",
        "2030-02-31T12:00:00Z",
        "9999-12-31T23:59:59-23:00",
        "0001-01-01T00:00:00+23:00",
        "\u0662030-01-31T12:00:00Z",
    ],
)
def test_what_is_no_time_or_lies_outside_the_calendar_is_refused(sent: Any) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(sent)


def test_secrets_must_be_text() -> None:
    secrets: TypeAdapter[Any] = TypeAdapter(SentSecret)
    assert secrets.validate_python("p\u00e4ss\x00").get_secret_value() == "p\u00e4ss\x00"
    with pytest.raises(ValidationError):
        secrets.validate_python("\ud800")
