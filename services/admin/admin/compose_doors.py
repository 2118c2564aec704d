"""Wires the doors: which routers are served where, and which service may ask what by gRPC."""

from collections.abc import Mapping
from typing import Any

import grpc
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from prometheus_client import CollectorRegistry

from admin.accounts.http_api import router as accounts
from admin.analytics.http_api import router as dashboard
from admin.analytics.http_api import team_router as team_usage
from admin.approvals.actions import RequestApproval, WithdrawApproval
from admin.approvals.grpc_api import ApprovalsDoor
from admin.approvals.http_api import router as approvals
from admin.audit.http_api import router as audit
from admin.compose_actions import Parts
from admin.epochs.actions import ListRecentEpochs
from admin.members.http_api import router as members
from admin.policies.bundle_news import BundleNews, ReadBundle
from admin.policies.grpc_api import PoliciesDoor
from admin.policies.http_api import router as policies
from admin.sessions.grpc_api import IdentityDoor
from admin.sessions.http_api import router as sessions
from admin.sessions.http_api import well_known
from admin.teams.actions import ReadTeam
from admin.teams.http_api import router as teams
from chassis.clock import Clock
from chassis.health import Readiness
from chassis.ids import new_id
from chassis.rpc.server import AllowedCallers, Register
from chassis.web.application import Application
from marketplace.admin.v1.approvals_pb2_grpc import add_ApprovalsServicer_to_server
from marketplace.admin.v1.identity_pb2_grpc import add_IdentityServicer_to_server
from marketplace.admin.v1.policies_pb2_grpc import add_PoliciesServicer_to_server

_EVERYBODY = frozenset({"publishing", "discovery", "consumption", "gateway", "fleet"})
_PUBLISHING = frozenset({"publishing"})
_CALL_PATH = frozenset({"gateway", "consumption"})
ALLOWED_CALLERS: AllowedCallers = {
    "/marketplace.admin.v1.Identity/ListVerificationKeys": _EVERYBODY,
    "/marketplace.admin.v1.Identity/ListRecentEpochs": _EVERYBODY,
    "/marketplace.admin.v1.Identity/GetTeam": _EVERYBODY,
    "/marketplace.admin.v1.Approvals/RequestApproval": _PUBLISHING,
    "/marketplace.admin.v1.Approvals/WithdrawApproval": _PUBLISHING,
    "/marketplace.admin.v1.Policies/WatchBundle": _CALL_PATH,
}
_DESCRIPTION = "Accounts, teams, approvals, policies, the audit trail and the figures of the marketplace."


def web_application(
    state: Mapping[str, Any], readiness: Readiness, registry: CollectorRegistry, clock: Clock
) -> FastAPI:
    """The HTTP door. The older paths are served as they always were, and under /api/v1 as well."""
    older = [sessions, accounts, approvals, dashboard, audit]
    return Application(
        service="admin",
        description=_DESCRIPTION,
        routers=[well_known, *older, _versioned(older), teams, members, team_usage, policies],
        state=state,
        readiness=readiness,
        registry=registry,
        new_request_id=lambda: new_id("req", clock.now()),
    ).build()


def _versioned(routers: list[APIRouter]) -> APIRouter:
    versioned = APIRouter(prefix="/api/v1")
    for router in routers:
        versioned.include_router(router, generate_unique_id_function=_versioned_name)
    return versioned


def _versioned_name(route: APIRoute) -> str:
    return f"admin_v1_{route.name}"


def grpc_services(parts: Parts, policy_news: BundleNews) -> Register:
    """What puts the gRPC services on a server."""
    work = parts.open_work
    identity = IdentityDoor(parts.signing_key, ListRecentEpochs(work), ReadTeam(work))
    asked = ApprovalsDoor(RequestApproval(work), WithdrawApproval(work))
    in_force = PoliciesDoor(ReadBundle(work), policy_news)

    def register(server: grpc.aio.Server) -> None:
        add_IdentityServicer_to_server(identity, server)
        add_ApprovalsServicer_to_server(asked, server)
        add_PoliciesServicer_to_server(in_force, server)

    return register
