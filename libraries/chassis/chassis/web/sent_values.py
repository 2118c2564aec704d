"""Values of request bodies and queries, taken as the document describes them and in no other spelling."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, SecretStr

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _whole(number: object) -> object:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _written(moment: object) -> object:
    if isinstance(moment, datetime) or (isinstance(moment, str) and _RFC3339.fullmatch(moment)):
        return moment
    raise ValueError("write the time as RFC 3339, such as 2030-01-31T12:00:00Z")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time lies outside the years 1 to 9999 in UTC") from None


def _encodable(secret: SecretStr) -> SecretStr:
    try:
        secret.get_secret_value().encode()
    except UnicodeEncodeError:
        raise ValueError("a surrogate that stands alone is no text") from None
    return secret


# Comes last in an annotation, after the bounds: `Annotated[int, Field(ge=1, strict=True), TAKEN_WHOLE]`.
# JSON knows one kind of number: 3.0 is whole; "3" and true are none.
TAKEN_WHOLE = BeforeValidator(_whole)
# pydantic alone would take a number for the seconds of an epoch. Comes out in UTC.
SentMoment = Annotated[AwareDatetime, BeforeValidator(_written), AfterValidator(_in_utc)]
# pydantic checks that a text can be encoded, but not that a secret can.
SentSecret = Annotated[SecretStr, AfterValidator(_encodable)]
