"""The HTTP door of signing in: /auth, and the public keys under /.well-known."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from fastapi import Request as HttpRequest

from admin.accounts.actions import ReadAccount
from admin.accounts.answers import AccountDetailBody, MembershipBody, detail_body
from admin.fields import Answer, Email, Moment, Password, RefreshToken, Request, Slug
from admin.sessions.actions import ChangePassword, ListSessions, Refresh, SignIn, SignOut
from admin.sessions.issuing import TokenPair
from admin.sessions.signing import SigningKey
from chassis.web.access import PUBLIC, SIGNED_IN, Caller, requires
from chassis.web.application import provided

router = APIRouter(prefix="/auth", tags=["sessions"])
well_known = APIRouter(tags=["sessions"])


def source_of(request: HttpRequest) -> str:
    """Where a request comes from, as the server that stands in front of us says."""
    return request.client.host[:64] if request.client else "unknown"


Source = Annotated[str, Depends(source_of)]


class LoginBody(Request):
    """Address and password; `team` names the tenant of the tokens by its slug, else it is the first team."""

    email: Email
    password: Password
    team: Slug | None = None


class RefreshBody(Request):
    """The refresh token of the last pair; it is good once."""

    refresh_token: RefreshToken


class LogoutBody(Request):
    """The session to end, by its refresh token; without one, every session ends."""

    refresh_token: RefreshToken | None = None


class ChangePasswordBody(Request):
    """The password as it is and as it shall be."""

    current_password: Password
    new_password: Password


class TokensBody(Answer):
    """A pair of tokens; `expires_in` in seconds is the access token's."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 -- the kind of token
    expires_in: int
    team: MembershipBody | None


class MeBody(AccountDetailBody):
    """The caller's account, and the team and role that the token names."""

    team_id: str | None
    team_slug: str | None
    team_role: str | None


class SessionBody(Answer):
    """A live session."""

    session_id: str
    active_team: str | None
    source: str
    created_at: Moment
    expires_at: Moment


class SessionList(Answer):
    """Live sessions, newest first."""

    items: list[SessionBody]


class KeySet(Answer):
    """Public keys that check access tokens (RFC 7517)."""

    keys: list[dict[str, str]]


def _tokens(pair: TokenPair) -> TokensBody:
    return TokensBody.model_validate(pair)


@router.post("/login", dependencies=[requires(PUBLIC)])
async def login(
    body: LoginBody, source: Source, sign_in: Annotated[SignIn, Depends(provided("sign_in"))]
) -> TokensBody:
    """Sign in. A wrong address and a wrong password get the same answer; five failures from one place make it wait."""
    return _tokens(await sign_in(body.email, body.password.get_secret_value(), body.team, source))


@router.post("/refresh", dependencies=[requires(PUBLIC)])
async def refresh_tokens(body: RefreshBody, refresh: Annotated[Refresh, Depends(provided("refresh"))]) -> TokensBody:
    """Swap a refresh token for a new pair. One that was used before ends its session."""
    return _tokens(await refresh(body.refresh_token.get_secret_value()))


@router.post("/logout", status_code=204, dependencies=[requires(SIGNED_IN)])
async def logout(body: LogoutBody, caller: Caller, sign_out: Annotated[SignOut, Depends(provided("sign_out"))]) -> None:
    """End one session, or all of them."""
    await sign_out(caller, body.refresh_token.get_secret_value() if body.refresh_token else None)


@router.post("/change-password", dependencies=[requires(SIGNED_IN)])
async def change_password(
    body: ChangePasswordBody,
    caller: Caller,
    source: Source,
    change: Annotated[ChangePassword, Depends(provided("change_password"))],
) -> TokensBody:
    """Change the own password; every session ends, and the answer holds the tokens of a new one."""
    current, new = body.current_password.get_secret_value(), body.new_password.get_secret_value()
    return _tokens(await change(caller, current, new, source))


@router.get("/me", dependencies=[requires(SIGNED_IN)])
async def read_me(caller: Caller, read: Annotated[ReadAccount, Depends(provided("read_account"))]) -> MeBody:
    """Who the token says you are."""
    detail = detail_body(await read(caller.account_id))
    return MeBody(
        **detail.model_dump(), team_id=caller.tenant, team_slug=caller.tenant_slug, team_role=caller.tenant_role
    )


@router.get("/sessions", dependencies=[requires(SIGNED_IN)])
async def list_sessions(
    caller: Caller, sessions: Annotated[ListSessions, Depends(provided("list_sessions"))]
) -> SessionList:
    """The own live sessions."""
    return SessionList(items=[SessionBody.model_validate(one) for one in await sessions(caller.account_id)])


@well_known.get("/.well-known/jwks.json", dependencies=[requires(PUBLIC)])
async def read_key_set(key: Annotated[SigningKey, Depends(provided("signing_key"))]) -> KeySet:
    """The public keys that check access tokens."""
    return KeySet(keys=[key.jwk()])
