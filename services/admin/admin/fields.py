"""The fields of requests, bounded once: what a text, an address or an id may look like at the door."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from chassis.clock import rfc3339
from chassis.web.sent_values import SentSecret

_EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63}){0,8}$"
_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
_SLUG = r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"


def _id_pattern(prefix: str) -> str:
    return f"^{prefix}_[0-9a-f]{{32}}$"


def _lower(text: str) -> str:
    return text.lower()


class Request(BaseModel):
    """A body from outside: unknown fields are refused, and no value is bent into another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Answer(BaseModel):
    """A body of ours, read off an object of the same field names."""

    model_config = ConfigDict(from_attributes=True)


Email = Annotated[str, Field(pattern=_EMAIL, max_length=254, examples=["ada@example.org"]), AfterValidator(_lower)]
# Long enough for any passphrase; the rules of strength speak for themselves.
Password = Annotated[SentSecret, Field(min_length=1, max_length=256)]
RefreshToken = Annotated[SentSecret, Field(min_length=16, max_length=128)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=_PRINTABLE)]
CommentText = Annotated[str, Field(max_length=2000, pattern=_PRINTABLE)]
CedarText = Annotated[str, Field(min_length=1, max_length=32 * 1024, pattern=_PRINTABLE)]
Slug = Annotated[str, Field(pattern=_SLUG, examples=["data-science"])]
PlatformRole = Literal["super_admin", "admin", "approver", "viewer", "service_account"]
TeamRole = Literal["owner", "admin", "member", "viewer"]
Moment = Annotated[datetime, PlainSerializer(rfc3339, return_type=str, when_used="json")]

AccountId = Annotated[str, Path(pattern=_id_pattern("acc"), description="Id of an account.")]
TeamId = Annotated[str, Path(pattern=_id_pattern("tea"), description="Id of a team.")]
ApprovalId = Annotated[str, Path(pattern=_id_pattern("apr"), description="Id of an approval.")]
PolicyId = Annotated[str, Path(pattern=_id_pattern("pol"), description="Id of a policy.")]
TeamQuery = Annotated[str | None, Query(pattern=_id_pattern("tea"), description="Figures of this team alone.")]
Days = Annotated[int, Query(ge=1, le=366, description="How many days, today included, in UTC.")]
Word = Annotated[str | None, Query(max_length=200, pattern=_PRINTABLE)]
