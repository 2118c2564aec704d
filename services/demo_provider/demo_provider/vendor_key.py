"""Who may ask: whoever shows the one vendor key."""

import hmac
from dataclasses import dataclass

from starlette.requests import Request

from demo_provider.errors import KeyRefused


@dataclass(frozen=True)
class VendorKey:
    """The one key that opens this door."""

    secret: str

    def check(self, request: Request) -> None:
        """Raises KeyRefused unless the request shows the key as a bearer token."""
        scheme, _, shown = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not shown:
            raise KeyRefused("Show the vendor key: Authorization: Bearer <key>.")
        if not hmac.compare_digest(shown.strip().encode(), self.secret.encode()):
            raise KeyRefused("This vendor key is not known.")
