"""The HTTP door of policies: /api/v1/policies."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response

from admin.access import POLICIES_READ, POLICIES_WRITE
from admin.fields import PolicyId
from admin.pages import Wanted, page_of
from admin.policies.actions import (
    ActivatePolicy,
    AddPolicyVersion,
    CreatePolicy,
    DeactivatePolicy,
    Detail,
    ListPolicies,
    ReadPolicy,
    ReadPolicyVersion,
)
from admin.policies.bodies import (
    ActivationBody,
    NewPolicyBody,
    OutcomeBody,
    PolicyBody,
    PolicyDetailBody,
    PolicyListFilter,
    PolicyPage,
    PolicyVersionBody,
    SchemaBody,
    TrialBody,
    VersionBody,
)
from admin.policies.cedar_findings import schema_text
from admin.policies.entity_tags import revision_of, tag_of
from admin.policies.ports import PolicyFilter
from admin.policies.rules import MOST_VERSIONS, Policy
from admin.policies.simulating import SimulatePolicy, Trial
from chassis.web.access import Caller, requires
from chassis.web.application import provided
from chassis.web.pages import Cursors
from chassis.web.problems import PROBLEM_CONTENT

router = APIRouter(prefix="/api/v1/policies", tags=["policies"])
IfMatch = Annotated[str, Header(max_length=200, description="The ETag of the policy as you read it, or `*`.")]
VersionPath = Annotated[int, Path(ge=1, le=MOST_VERSIONS, description="Number of a version.")]
_CHANGED: dict[int | str, dict[str, Any]] = {
    412: {"description": "The policy changed since it was read", "content": PROBLEM_CONTENT}
}


def _shown(response: Response, detail: Detail) -> PolicyDetailBody:
    policy, versions = detail
    response.headers["etag"] = tag_of(policy.revision)
    return PolicyDetailBody.of(policy, versions)


@router.post("", status_code=201, dependencies=[requires(POLICIES_WRITE)])
async def create_policy(
    body: NewPolicyBody,
    caller: Caller,
    create: Annotated[CreatePolicy, Depends(provided("create_policy"))],
    response: Response,
) -> PolicyDetailBody:
    """Write a policy as a draft. What cannot be enforced is refused with findings, each with its line and column."""
    return _shown(response, await create(caller, body.name, body.description, body.writing()))


@router.get("", dependencies=[requires(POLICIES_READ)])
async def list_policies(
    policies: Annotated[ListPolicies, Depends(provided("list_policies"))],
    cursors: Annotated[Cursors, Depends(provided("cursors"))],
    filters: Annotated[PolicyListFilter, Query()],
) -> PolicyPage:
    """List policies, newest first."""

    async def read(before: str | None, limit: int) -> list[Policy]:
        return await policies(PolicyFilter(filters.state, before), limit)

    wanted = Wanted(filters.limit, filters.cursor, {"list": "policies", "state": filters.state})
    page = await page_of(cursors, wanted, read, lambda policy: policy.policy_id)
    return PolicyPage(items=[PolicyBody.model_validate(one) for one in page.items], next_cursor=page.next_cursor)


@router.get("/schema", dependencies=[requires(POLICIES_READ)])
async def read_policy_schema() -> SchemaBody:
    """Read what a policy may speak of."""
    return SchemaBody(cedar=schema_text())


@router.get("/{policy_id}", dependencies=[requires(POLICIES_READ)])
async def read_policy(
    policy_id: PolicyId, read: Annotated[ReadPolicy, Depends(provided("read_policy"))], response: Response
) -> PolicyDetailBody:
    """Read a policy with its versions; the ETag goes into If-Match of what changes it."""
    return _shown(response, await read(policy_id))


@router.get("/{policy_id}/versions/{version}", dependencies=[requires(POLICIES_READ)])
async def read_policy_version(
    policy_id: PolicyId,
    version: VersionPath,
    read: Annotated[ReadPolicyVersion, Depends(provided("read_policy_version"))],
) -> PolicyVersionBody:
    """Read what one version says."""
    return PolicyVersionBody.model_validate(await read(policy_id, version))


@router.post("/{policy_id}/versions", status_code=201, dependencies=[requires(POLICIES_WRITE)])
async def add_policy_version(
    policy_id: PolicyId,
    body: VersionBody,
    caller: Caller,
    add: Annotated[AddPolicyVersion, Depends(provided("add_policy_version"))],
    response: Response,
) -> PolicyDetailBody:
    """Write another version; what is in force stays until it is activated."""
    return _shown(response, await add(caller, policy_id, body.writing()))


@router.post("/{policy_id}/activate", responses=_CHANGED, dependencies=[requires(POLICIES_WRITE)])
async def activate_policy(
    policy_id: PolicyId,
    body: ActivationBody,
    caller: Caller,
    if_match: IfMatch,
    activate: Annotated[ActivatePolicy, Depends(provided("activate_policy"))],
    response: Response,
) -> PolicyDetailBody:
    """Put a version in force; the call path follows within a second. An earlier version rolls back."""
    return _shown(response, await activate(caller, policy_id, body.version, revision_of(if_match)))


@router.post("/{policy_id}/deactivate", responses=_CHANGED, dependencies=[requires(POLICIES_WRITE)])
async def deactivate_policy(
    policy_id: PolicyId,
    caller: Caller,
    if_match: IfMatch,
    deactivate: Annotated[DeactivatePolicy, Depends(provided("deactivate_policy"))],
    response: Response,
) -> PolicyDetailBody:
    """Take a policy out of force."""
    return _shown(response, await deactivate(caller, policy_id, revision_of(if_match)))


@router.post("/{policy_id}/simulate", dependencies=[requires(POLICIES_READ)])
async def simulate_policy(
    policy_id: PolicyId,
    body: TrialBody,
    simulate: Annotated[SimulatePolicy, Depends(provided("simulate_policy"))],
) -> OutcomeBody:
    """Decide one request as if a version were in force; nothing changes."""
    return OutcomeBody.of(await simulate(Trial(policy_id, body.version, body.with_active), body.facts()))
