"""Integers as JSON knows them: 12 and 12.0 are the same number, "12" is none."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_whole)
Token = Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE]
Tokens = Annotated[list[Token], Field(min_length=1, max_length=8192)]
