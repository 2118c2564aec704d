"""Amounts of tokens and money as requests carry them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chassis.web.sent_values import TAKEN_WHOLE
from consumption.budgets.rules import MAX_AMOUNT

Tokens = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True), TAKEN_WHOLE]
Dollars = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")]
