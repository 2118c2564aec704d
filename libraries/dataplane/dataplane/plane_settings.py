"""What a process sets of its data plane."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class PlaneSettings:
    """One process's part; the secret never shows.

    `publishing_address` and `consumption_address` are the host:port of their gRPC doors. `data_folder` holds the
    journals of calls and the last policies. `key_pepper` is the secret of the key digests, the
    same everywhere. `expected_processes` is how many share the rates while Valkey does not answer. `admin_address` is
    the host:port whose policies are enforced; without one, none are. `policies_without_bundle` says whether calls pass
    where admin was never heard, and after `policies_stale_seconds` without admin fail-closed policies let none pass.
    `endpoint_allowlist` names, as host:port, vendors that may stand on a private address. `drain_seconds` is how long
    calls under way may go on once the process is told to end.
    """

    publishing_address: str
    consumption_address: str
    data_folder: Path
    key_pepper: SecretStr
    endpoint_allowlist: frozenset[str] = frozenset()
    expected_processes: int = 1
    admin_address: str | None = None
    policies_without_bundle: Literal["open", "closed"] = "closed"
    policies_stale_seconds: int = 86_400
    drain_seconds: float = 3.0
