"""What a stop and a deprecation may say."""

from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import KIND_FACTS, ErrorKind
from publishing.listings.errors import SuccessorRefused, SunsetRefused
from publishing.listings.rules import Deprecation, State


@dataclass(frozen=True)
class Stop:
    """Where and why the pipeline stopped a version; rejected is the version's fault, failed is not."""

    phase: str
    code: str
    message: str
    state: State


def stop_because(phase: str, code: str, message: str, kind: ErrorKind) -> Stop:
    """A stop out of the error that caused it."""
    blameless = KIND_FACTS[kind].retryable or kind is ErrorKind.INTERNAL
    return Stop(phase, code, message[:2000], State.FAILED if blameless else State.REJECTED)


def checked_deprecation(wanted: Deprecation, listing_id: str, now: datetime) -> Deprecation:
    """The deprecation with its time made aware. Raises SunsetRefused or SuccessorRefused."""
    sunset = wanted.sunset_at
    if sunset is not None and sunset.tzinfo is None:
        raise SunsetRefused("Give sunset_at with its offset, such as 2030-01-31T00:00:00Z.", pointer="/sunset_at")
    if sunset is not None and sunset <= now:
        raise SunsetRefused("sunset_at must lie in the future.", pointer="/sunset_at")
    if wanted.successor == listing_id:
        raise SuccessorRefused("A listing cannot succeed itself.", pointer="/successor")
    return replace(wanted, successor=wanted.successor.strip())
