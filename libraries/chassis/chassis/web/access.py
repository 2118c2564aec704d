"""Who may use a route: each route carries exactly one rule, and a route without one is refused at start."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from chassis.errors import ErrorKind, Forbidden, MarketplaceError, Unauthenticated
from chassis.identity.access_tokens import AccessTokens
from chassis.identity.principal import Principal

_bearer = HTTPBearer(auto_error=False, description="An access token from POST /auth/login")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


class RouteWithoutAccessRule(MarketplaceError):
    """A route was added without saying who may use it."""

    code = "route_without_access_rule"
    kind = ErrorKind.INTERNAL


@dataclass(frozen=True)
class AccessRule:
    """A named permission, and who has it: any of the platform roles, or any of the roles in the active tenant.

    `everyone_signed_in` needs a token alone; `public` not even that.
    """

    name: str
    platform_roles: frozenset[str] = frozenset()
    tenant_roles: frozenset[str] = frozenset()
    everyone_signed_in: bool = False
    public: bool = False

    def allows(self, principal: Principal) -> bool:
        """Whether this principal has the permission."""
        if self.everyone_signed_in or self.public:
            return True
        in_tenant = principal.tenant is not None and principal.tenant_role in self.tenant_roles
        return in_tenant or principal.has_role(*self.platform_roles)


PUBLIC = AccessRule("public", public=True)
SIGNED_IN = AccessRule("signed_in", everyone_signed_in=True)


async def principal_of(request: Request, credentials: Credentials) -> Principal:
    """The verified caller of this request. Raises Unauthenticated."""
    if credentials is None:
        raise Unauthenticated("Send an access token: `Authorization: Bearer <token>`; POST /auth/login gives one.")
    tokens: AccessTokens = request.state.access_tokens
    return await tokens.verify(credentials.credentials)


async def optional_principal(request: Request, credentials: Credentials) -> Principal | None:
    """The verified caller, or None where no token was sent; a token that does not hold is refused all the same."""
    return None if credentials is None else await principal_of(request, credentials)


Caller = Annotated[Principal, Depends(principal_of)]
OptionalCaller = Annotated[Principal | None, Depends(optional_principal)]


def requires(rule: AccessRule) -> Any:
    """The dependency that a route names to be guarded by `rule`: `dependencies=[requires(PUBLISH)]`."""
    if rule.public:

        async def let_in() -> None:
            return None

        return Depends(_marked(let_in, rule))

    async def check(principal: Caller) -> None:
        if not rule.allows(principal):
            raise Forbidden(f"This needs the permission {rule.name}, which your roles do not give.")

    return Depends(_marked(check, rule))


def _marked(check: Callable[..., Any], rule: AccessRule) -> Callable[..., Any]:
    check.access_rule = rule  # pyright: ignore[reportFunctionMemberAccess]
    return check


def access_rules_of(app: FastAPI) -> dict[tuple[str, str], AccessRule]:
    """Every route's rule by method and path. Raises RouteWithoutAccessRule."""
    rules: dict[tuple[str, str], AccessRule] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        marks = [getattr(depends.dependency, "access_rule", None) for depends in route.dependencies]
        own = [mark for mark in marks if isinstance(mark, AccessRule)]
        if len(own) != 1:
            raise RouteWithoutAccessRule(f"{context.path} ({route.name}) must name one access rule, not {len(own)}.")
        for method in context.methods or ():
            rules[method, str(context.path)] = own[0]
    return rules
