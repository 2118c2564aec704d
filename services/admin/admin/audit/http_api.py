"""The HTTP door of the trail: /audit."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from admin.access import AUDIT_READ
from admin.audit.actions import ListAuditRows, VerifyTrail
from admin.audit.ports import AuditFilter
from admin.audit.rules import AuditRow, Tail
from admin.fields import Answer, Moment, Word
from admin.pages import Wanted, page_of
from chassis.errors import InvalidInput
from chassis.web.access import requires
from chassis.web.application import provided
from chassis.web.pages import Cursors, PageCursor, PageLimit

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditRowBody(Answer):
    """One deed in its place in the chain."""

    position: int
    row_id: str
    happened_at: Moment
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    team_id: str | None
    reach: str
    details: dict[str, Any]
    previous_hash: str
    hash: str


class AuditPage(Answer):
    """A page of the trail."""

    items: list[AuditRowBody]
    next_cursor: str | None


class VerdictBody(Answer):
    """What the chain is worth. Write the head down elsewhere: as an anchor it shows later that nothing was cut off."""

    holds: bool
    rows: int
    head_position: int
    head_hash: str
    first_broken: int | None
    anchor_found: bool | None


class TrailFilter(BaseModel):
    """What the trail is narrowed to."""

    model_config = ConfigDict(extra="forbid")

    actor: Word = None
    action: Word = None
    subject_id: Word = None
    limit: PageLimit = 50
    cursor: PageCursor = None


class Anchor(BaseModel):
    """A head that an earlier verification showed."""

    model_config = ConfigDict(extra="forbid")

    anchor_position: Annotated[int, Field(ge=1, le=2**62)] | None = None
    anchor_hash: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None

    def tail(self) -> Tail | None:
        """In the terms of the chain. Raises InvalidInput for half an anchor."""
        if (self.anchor_position is None) != (self.anchor_hash is None):
            raise InvalidInput("An anchor is a position and a hash: give both.")
        return Tail(self.anchor_position or 0, self.anchor_hash) if self.anchor_hash else None


@router.get("", dependencies=[requires(AUDIT_READ)])
async def list_audit_rows(
    rows: Annotated[ListAuditRows, Depends(provided("list_audit_rows"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    filters: Annotated[TrailFilter, Query()],
) -> AuditPage:
    """Read the trail, newest first."""
    narrowed = filters.model_dump(exclude={"limit", "cursor"})

    async def read(before: str | None, limit: int) -> list[AuditRow]:
        return await rows(AuditFilter(**narrowed, before=int(before) if before else None), limit)

    wanted = Wanted(filters.limit, filters.cursor, {"list": "audit", **narrowed})
    page = await page_of(cursors, wanted, read, lambda row: str(row.position))
    return AuditPage(items=[_body(row) for row in page.items], next_cursor=page.next_cursor)


@router.get("/verify", dependencies=[requires(AUDIT_READ)])
async def verify_audit(
    verify: Annotated[VerifyTrail, Depends(provided("verify_trail"))], anchor: Annotated[Anchor, Query()]
) -> VerdictBody:
    """Check every row against the one before it, and the chain against an anchor if one is given."""
    verdict = await verify(anchor.tail())
    return VerdictBody(
        holds=verdict.holds,
        rows=verdict.rows,
        head_position=verdict.head.position,
        head_hash=verdict.head.hash,
        first_broken=verdict.first_broken,
        anchor_found=verdict.anchor_found,
    )


def _body(row: AuditRow) -> AuditRowBody:
    return AuditRowBody.model_validate({**vars(row), "details": json.loads(row.details)})
