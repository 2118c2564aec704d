"""Where a profile's tokens lie: one private file each, changed whole, by one process at a time."""

import fcntl
import json
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from marketplace_cli.errors import FileRefused, UsageRefused

_PROFILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True)
class Session:
    """Who is signed in where; `expires_at` is the access token's, in seconds since 1970.

    The tokens belong to the gateway that issued them and are never sent to another one.
    """

    gateway: str
    email: str
    expires_at: float
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    api_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class SessionFile:
    """The session of one profile."""

    home: Path
    profile: str

    def __post_init__(self) -> None:
        if not _PROFILE.fullmatch(self.profile):
            raise UsageRefused("A profile's name has letters, digits, dots, dashes and underscores, 64 at most.")

    @property
    def path(self) -> Path:
        """The file."""
        return self.home / f"{self.profile}.json"

    def read(self) -> Session | None:
        """The session, None where nobody is signed in."""
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return Session(**{one.name: found[one.name] for one in fields(Session)})
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileRefused(f"{self.path} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError):
            return None

    def write(self, session: Session) -> None:
        """Replace the session; only this user may read it."""
        self._prepare()
        fresh = self.path.with_name(f".{self.profile}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(session), file)
        fresh.replace(self.path)

    def forget(self) -> None:
        """Remove the session; nothing happens where there is none."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def held(self) -> Generator[None]:
        """Keep other commands of this profile out: a refresh token is good once, and two uses end the session."""
        self._prepare()
        descriptor = os.open(self.home / f".{self.profile}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        try:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FileRefused(f"{self.home} cannot be made ({error.strerror}): set MARKETPLACE_HOME.") from None
