"""Which marketplace is meant: the one that was named, else the one signed in at, else this machine's."""

from urllib.parse import urlsplit

from marketplace_cli.errors import UsageRefused
from marketplace_cli.session_file import Session
from marketplace_cli.settings import DEFAULT_GATEWAY


def gateway_address(named: str | None, session: Session | None) -> str:
    """Scheme, host and port, in one form. Raises UsageRefused."""
    address = (named or (session.gateway if session else DEFAULT_GATEWAY)).rstrip("/")
    try:
        parts = urlsplit(address)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
        parts = urlsplit("")
    if not valid or parts.username or parts.query or parts.fragment:
        raise UsageRefused(f"--gateway takes an address such as {DEFAULT_GATEWAY}.")
    return address
