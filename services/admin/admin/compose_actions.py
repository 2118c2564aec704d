"""Builds every action over its ports, by the name under which the routes ask for it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from admin.accounts.actions import Bootstrap, ChangeRoles, CreateAccount, ListAccounts, ReadAccount, SetLock
from admin.accounts.ports import Passwords
from admin.analytics.actions import ReadMetrics, ReadTeamUsage, ReadTrends
from admin.approvals.actions import Comment, Decide, ListApprovals, ReadApproval
from admin.audit.actions import ListAuditRows, VerifyTrail
from admin.members.actions import AddMember, ChangeMember, ListMembers
from admin.policies.actions import (
    ActivatePolicy,
    AddPolicyVersion,
    CreatePolicy,
    DeactivatePolicy,
    ListPolicies,
    ReadPolicy,
    ReadPolicyVersion,
)
from admin.policies.simulating import SimulatePolicy
from admin.sessions.actions import ChangePassword, CheckPassword, ListSessions, Refresh, SignIn, SignOut
from admin.sessions.guessing import SlowGuessing
from admin.sessions.issuing import TokenIssuer
from admin.sessions.signing import SigningKey
from admin.settings import AdminSettings
from admin.teams.actions import ArchiveTeam, ChangeTeam, CreateTeam, ListTeams, ReadTeam
from admin.work import OpenWork
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.issuer_client import AccountEpochs
from chassis.web.pages import Cursors

REFRESH_TOKEN_BYTES = 32
PASSWORD_BYTES = 18


@dataclass(frozen=True)
class Parts:
    """What the actions are built over."""

    open_work: OpenWork
    passwords: Passwords
    signing_key: SigningKey
    epochs: AccountEpochs
    settings: AdminSettings


def route_state(parts: Parts) -> Mapping[str, Any]:
    """Everything that a route may ask for."""
    tools = {
        "access_tokens": AccessTokens(parts.signing_key, parts.epochs),
        "cursors": Cursors(parts.settings.cursor_key.get_secret_value().encode()),
        "signing_key": parts.signing_key,
    }
    return {**tools, **_people(parts), **_governance(parts)}


def _people(parts: Parts) -> dict[str, Any]:
    work = parts.open_work
    life = timedelta(hours=parts.settings.session_hours)
    issuer = TokenIssuer(parts.signing_key, lambda: f"mrt_{secrets.token_urlsafe(REFRESH_TOKEN_BYTES)}", life)
    check_password = CheckPassword(work, parts.passwords, SlowGuessing(work))
    return {
        "sign_in": SignIn(work, check_password, issuer),
        "refresh": Refresh(work, issuer),
        "sign_out": SignOut(work),
        "change_password": ChangePassword(work, check_password, issuer),
        "list_sessions": ListSessions(work),
        "create_account": CreateAccount(work, parts.passwords),
        "read_account": ReadAccount(work),
        "list_accounts": ListAccounts(work),
        "change_roles": ChangeRoles(work),
        "set_lock": SetLock(work),
        "create_team": CreateTeam(work),
        "read_team": ReadTeam(work),
        "list_teams": ListTeams(work),
        "change_team": ChangeTeam(work),
        "archive_team": ArchiveTeam(work),
        "list_members": ListMembers(work),
        "add_member": AddMember(work),
        "change_member": ChangeMember(work),
    }


def _governance(parts: Parts) -> dict[str, Any]:
    work = parts.open_work
    return {
        "list_approvals": ListApprovals(work),
        "read_approval": ReadApproval(work),
        "decide": Decide(work),
        "comment": Comment(work),
        "create_policy": CreatePolicy(work),
        "add_policy_version": AddPolicyVersion(work),
        "list_policies": ListPolicies(work),
        "read_policy": ReadPolicy(work),
        "read_policy_version": ReadPolicyVersion(work),
        "activate_policy": ActivatePolicy(work),
        "deactivate_policy": DeactivatePolicy(work),
        "simulate_policy": SimulatePolicy(work),
        "list_audit_rows": ListAuditRows(work),
        "verify_trail": VerifyTrail(work),
        "read_metrics": ReadMetrics(work),
        "read_trends": ReadTrends(work),
        "read_team_usage": ReadTeamUsage(work),
    }


def first_start(parts: Parts) -> Bootstrap:
    """The action that makes the first super_admin."""
    return Bootstrap(parts.open_work, parts.passwords, lambda: secrets.token_urlsafe(PASSWORD_BYTES), _announce)


def _announce(email: str, password: str) -> None:
    # Said once, on standard output and never in a log: whoever starts the platform first owns it.
    print(f"First administrator: {email}  password: {password}  (shown once, change it)", flush=True)
