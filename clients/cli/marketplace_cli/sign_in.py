"""Who the commands speak for: signing in, fresh access tokens, signing out."""

from dataclasses import dataclass, replace

from chassis.errors import MarketplaceError
from marketplace_cli.api_client import ApiClient, Json, World
from marketplace_cli.errors import NotSignedIn, SessionOver
from marketplace_cli.session_file import Session, SessionFile

# A token that ends while a request is on its way would be refused.
_MARGIN_SECONDS = 30.0


@dataclass(frozen=True)
class SignedIn:
    """The session of a profile at one gateway."""

    file: SessionFile
    gateway: str
    world: World

    def session(self) -> Session:
        """The session as it is. Raises NotSignedIn."""
        session = self.file.read()
        if session is None:
            raise NotSignedIn(f"Nobody is signed in{self._where()}: run `marketplace login{self._flags()}` first.")
        if session.gateway != self.gateway:
            raise NotSignedIn(
                f"You are signed in at {session.gateway}, not at {self.gateway}:"
                f" run `marketplace login --gateway {self.gateway}{self._flags()}`."
            )
        return session

    def authorization(self, fresh: bool = False) -> str | None:
        """The header that names the caller, with a token that still holds. Raises NotSignedIn."""
        session = self.session()
        if fresh or session.expires_at - _MARGIN_SECONDS < self.world.now():
            session = self._refreshed(session)
        return f"Bearer {session.access_token}"

    def authorization_if_any(self, fresh: bool = False) -> tuple[str | None, str]:
        """The same where somebody is signed in here; else none, and what to say where a session is over."""
        try:
            return self.authorization(fresh), ""
        except SessionOver as error:
            return None, error.message
        except NotSignedIn:
            return None, ""

    def enter(self, email: str, password: str, team: str | None) -> Json:
        """Sign in and keep the tokens; the answer holds no token."""
        with self.world.client(self.gateway) as http:
            body = {"email": email, "password": password} | ({"team": team} if team else {})
            tokens = ApiClient(http, self.world, _nobody).post("/auth/login", body)
        with self.file.held():
            before = self.file.read()
            same = before is not None and before.gateway == self.gateway and before.email == email
            self._keep(tokens, email, before.api_key if before and same else "")
        return {"profile": self.file.profile, "gateway": self.gateway, "email": email, "team": tokens.get("team")}

    def leave(self) -> None:
        """End the session at the gateway that issued it, whichever is meant now, and forget it here in any case."""
        session = self.file.read()
        try:
            if session is not None:
                there = replace(self, gateway=session.gateway)
                with self.world.client(there.gateway) as http:
                    body = {"refresh_token": session.refresh_token}
                    ApiClient(http, self.world, there.authorization).post("/auth/logout", body)
        finally:
            self.file.forget()

    def keep_key(self, api_key: str) -> None:
        """Keep an API key beside the tokens, for `marketplace chat`. Raises NotSignedIn."""
        with self.file.held():
            self.file.write(replace(self.session(), api_key=api_key))

    def forget_key(self, ending: str) -> None:
        """Forget the kept API key where it ends like this; a key that was revoked is of no use."""
        with self.file.held():
            session = self.session()
            if session.api_key and session.api_key.endswith(ending):
                self.file.write(replace(session, api_key=""))

    def _refreshed(self, stale: Session) -> Session:
        with self.file.held():
            session = self.session()
            if session.access_token != stale.access_token:
                return session
            with self.world.client(self.gateway) as http:
                client = ApiClient(http, self.world, _nobody)
                try:
                    tokens = client.post("/auth/refresh", {"refresh_token": session.refresh_token})
                except NotSignedIn:
                    raise self._over() from None
                except MarketplaceError as error:
                    raise (self._over() if error.details.get("status") in {400, 422} else error) from None
            return self._keep(tokens, session.email, session.api_key)

    def _keep(self, tokens: Json, email: str, api_key: str) -> Session:
        session = Session(
            gateway=self.gateway,
            email=email,
            expires_at=self.world.now() + float(tokens["expires_in"]),
            access_token=tokens["access_token"],
            refresh_token=tokens["refresh_token"],
            api_key=api_key,
        )
        self.file.write(session)
        return session

    def _over(self) -> SessionOver:
        return SessionOver(f"Your session{self._where()} is over: run `marketplace login{self._flags()}` again.")

    def _where(self) -> str:
        return "" if self.file.profile == "default" else f" (profile {self.file.profile})"

    def _flags(self) -> str:
        return "" if self.file.profile == "default" else f" --profile {self.file.profile}"


def _nobody(_fresh: bool) -> None:
    return None
