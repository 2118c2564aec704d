"""How long sessions last, and how guessing passwords is slowed down without shutting the owner out."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from ipaddress import ip_address

ACCESS_TOKEN_LIFE = timedelta(minutes=15)
EVERYONE = "*"
# A quiet hour forgets the failures.
FORGET_AFTER = timedelta(hours=1)
# Longer than the check of a password takes in a queue.
UNDECIDED = timedelta(seconds=2)
MOST_DOUBLINGS = 16


@dataclass(frozen=True)
class Limit:
    """So many failures are free; then each doubles the pause, from the shortest to the longest."""

    free_failures: int
    shortest: timedelta
    longest: timedelta


# One account from one source: the lock-out proper.
FROM_ONE_SOURCE = Limit(5, timedelta(minutes=1), timedelta(hours=1))
# One account from anywhere: slows guessing by many machines; sources it signed in from before are let pass.
FROM_ANYWHERE = Limit(50, timedelta(minutes=1), timedelta(minutes=15))
# Any account from one source: slows trying one password on everybody.
ON_ANYBODY = Limit(100, timedelta(minutes=1), timedelta(minutes=15))


@dataclass(frozen=True)
class Attempts:
    """What is known of one account and one source; either may be EVERYONE."""

    failures: int = 0
    last_at: datetime | None = None
    blocked_until: datetime | None = None

    def seconds_to_wait(self, now: datetime) -> float:
        """0 where an attempt is free."""
        return max(0.0, (self.blocked_until - now).total_seconds()) if self.blocked_until else 0.0


@dataclass(frozen=True)
class Counter:
    """One of the counts that an attempt touches."""

    account_key: str
    source: str
    limit: Limit


def counters_of(email: str, source: str, *, known_source: bool) -> list[Counter]:
    """Which counts an attempt touches, always in the same order, so that two attempts never wait for each other.

    What many attempts share comes first: who must wait for it is refused before a count of its own is begun.
    """
    account = account_key(email)
    counters = [] if is_this_machine(source) else [Counter(EVERYONE, source, ON_ANYBODY)]
    if not known_source:
        counters.append(Counter(account, EVERYONE, FROM_ANYWHERE))
    return [*counters, Counter(account, source, FROM_ONE_SOURCE)]


def counted(before: Attempts, limit: Limit, now: datetime) -> Attempts:
    """The count after one more attempt, which is a failure until the password proves right.

    At the limit the next attempt waits until this one is decided, which takes a moment: five people who share a
    place and sign in together are not shut out.
    """
    if before.last_at is not None and now - before.last_at > FORGET_AFTER:
        before = Attempts()
    failures = before.failures + 1
    return Attempts(failures, now, now + UNDECIDED if failures >= limit.free_failures else None)


def failed(held: Attempts, limit: Limit, now: datetime) -> Attempts:
    """The count once the password proved wrong: from the limit on, each failure doubles the pause."""
    if held.failures < limit.free_failures:
        return held
    doublings = min(held.failures - limit.free_failures, MOST_DOUBLINGS)
    return replace(held, last_at=now, blocked_until=now + min(limit.shortest * 2**doublings, limit.longest))


def uncounted(after: Attempts, limit: Limit) -> Attempts:
    """The count without the attempt that proved right; others' failures stay counted."""
    failures = max(0, after.failures - 1)
    return replace(
        after, failures=failures, blocked_until=after.blocked_until if failures >= limit.free_failures else None
    )


def account_key(email: str) -> str:
    """The name under which attempts on an address are counted, whether or not it exists."""
    return hashlib.sha256(email.encode()).hexdigest()


def is_this_machine(source: str) -> bool:
    """Whether the source is a program on this machine, behind which may be anybody."""
    try:
        return ip_address(source).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Session:
    """One sign-in; `active_team` is the tenant that its tokens name."""

    session_id: str
    account_id: str
    active_team: str | None
    source: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None

    def lives(self, now: datetime) -> bool:
        """Whether it may still be refreshed."""
        return self.ended_at is None and now < self.expires_at


def refresh_token_hash(token: str) -> str:
    """How a refresh token is stored: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
