"""The door for catalogues: a models.json as a whole or in batches."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from chassis.identity.principal import Principal
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from publishing.access import IMPORT_CATALOGUE
from publishing.catalogue_import.actions import ImportCatalogue, Importer, Outcome, RowResult
from publishing.catalogue_import.errors import PublicImportRefused
from publishing.signals import PublishingSignals

router = APIRouter(tags=["catalogue"])

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_ROWS = 5000
# The namespace of entries that the platform itself imports; no team has this id or slug.
PLATFORM_NAMESPACE = "catalogue"


class CatalogueBody(BaseModel):
    """A catalogue in OpenRouter's shape; what is not known is passed over."""

    model_config = ConfigDict(extra="forbid")

    data: Annotated[list[Any], Field(max_length=MAX_ROWS)] = Field(
        description="Rows with id, name, description, context_length, architecture, pricing (USD per token as text), "
        "top_provider, supported_parameters",
        examples=[[{"id": "vendor/model:free", "name": "Model", "pricing": {"prompt": "0.00000015"}}]],
    )


class RowShown(BaseModel):
    """What became of one row."""

    row: int
    id: str
    outcome: Outcome
    listing_id: str | None
    reason: str | None


class ImportShown(BaseModel):
    """How many rows became what, and each row in its order."""

    created: int
    updated: int
    unchanged: int
    refused: int
    rows: list[RowShown]


def importer_of(caller: Principal) -> Importer:
    """A platform admin imports for everybody; a publisher into the team's own namespace."""
    if caller.has_role(*IMPORT_CATALOGUE.platform_roles):
        return Importer(caller.account_id, PLATFORM_NAMESPACE, PLATFORM_NAMESPACE)
    return Importer(caller.account_id, caller.tenant or "", caller.tenant_slug or "")


@router.post(
    "/api/v1/catalogue/imports",
    response_model=ImportShown,
    dependencies=[requires(IMPORT_CATALOGUE)],
    max_body_size=MAX_BODY_BYTES,
)
async def import_catalogue(
    body: CatalogueBody,
    caller: Caller,
    run_import: Annotated[ImportCatalogue, Depends(provided("import_catalogue"))],
    signals: Annotated[PublishingSignals, Depends(provided("signals"))],
    visibility: Annotated[
        Literal["private", "workspace", "public"] | None,
        Query(description="public for a platform admin, workspace for a team, where it is left out; never more"),
    ] = None,
) -> ImportShown:
    """Entries that are shown as unverified and cannot be called; sending the same again changes nothing."""
    importer = importer_of(caller)
    usual = "public" if importer.team_id == PLATFORM_NAMESPACE else "workspace"
    if visibility == "public" and usual != "public":
        raise PublicImportRefused("Only the platform imports for everybody: publish what your team wants to be public.")
    results = await run_import(importer, body.data, visibility or usual)
    for result in results:
        signals.imported.labels(result.outcome).inc()
    return import_shown(results)


def import_shown(results: list[RowResult]) -> ImportShown:
    """The results with their counts."""
    counts = {outcome.value: sum(result.outcome is outcome for result in results) for outcome in Outcome}
    rows = [RowShown(row=r.row, id=r.id, outcome=r.outcome, listing_id=r.listing_id, reason=r.reason) for r in results]
    return ImportShown(**counts, rows=rows)
