"""What will happen under a seed: calls and faults with their moments.

All of it is drawn before anything runs, so that a plan can be cut down to what makes it fail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Behaviour = Literal[
    "plain", "stream", "endless", "hidden", "silent", "mute", "refused", "broken", "cut off", "unreachable", "held"
]
_BEHAVIOURS: dict[Behaviour, int] = {
    "plain": 30,
    "stream": 30,
    "endless": 5,
    "hidden": 4,
    "silent": 3,
    "mute": 5,
    "refused": 4,
    "broken": 4,
    "cut off": 4,
    "unreachable": 5,
}
_EITHER = frozenset({"hidden", "mute", "cut off"})
# Each row of the table of crash points stands between two of these.
CRASH_POINTS = (
    "ask AcquireLeases",
    "ask ReturnLeases",
    "ask CommitFrames",
    "ask SealHolder",
    "make file",
    "move position",
    "position draft",
    "reply",
    "send",
    "unlink journal",
    "unlink position",
    "write open",
    "write release",
    "write return",
    "write settle",
    "write several",
)
FAULTS = {
    "kill": 4,
    "crash at": 14,
    "stop": 4,
    "skew": 3,
    "lose caches": 2,
    "fill disk": 2,
    "lose disk": 1,
    "kill consumption": 3,
    "crash consumption": 3,
    "stop consumption": 3,
    "lose database": 3,
    "storm": 4,
    "lose rates": 2,
    "restart": 4,
}


@dataclass(frozen=True)
class PlannedCall:
    """A caller's call; `tokens` bound its answer, it leaves after `patience` seconds."""

    at: float
    slot: int
    key: int
    size: int
    tokens: int
    streamed: bool
    behaviour: Behaviour
    patience: float


@dataclass(frozen=True)
class PlannedFault:
    """Something that goes wrong in a slot; `amount` is its measure: seconds, microseconds or a count."""

    at: float
    what: str
    slot: int
    amount: float
    point: str = ""
    after: bool = False
    part: float | None = None


@dataclass(frozen=True)
class Setting:
    """What stays the same while a plan runs."""

    limits: tuple[int, int, int, int]
    segment_bytes: int
    batch_size: int
    seconds_to_month_end: float
    consumption_skew: float
    with_rates: bool


@dataclass(frozen=True)
class Plan:
    """All that happens."""

    seed: int
    setting: Setting
    calls: tuple[PlannedCall, ...]
    faults: tuple[PlannedFault, ...]

    def lines(self) -> list[str]:
        """For people to read."""
        events: Sequence[PlannedCall | PlannedFault] = sorted([*self.calls, *self.faults], key=lambda event: event.at)
        return [f"setting {self.setting}", *(f"{event.at:9.3f}s {_told(event)}" for event in events)]


SLOTS = 3
SECONDS = 9.0


def plan_of(seed: int) -> Plan:
    """The plan of a seed."""
    dice = Random(seed)
    return Plan(seed, _setting(dice), tuple(_calls(dice)), tuple(_faults(dice)))


def _setting(dice: Random) -> Setting:
    room = dice.choice((3, 12, 60))
    limits = [room * dice.choice((400, 700, 1_500)) for _ in range(4)]
    return Setting(
        limits=(limits[0] * 2000, limits[1], limits[2] * 1500, limits[3]),
        segment_bytes=dice.choice((900, 3_000, 1 << 20)),
        batch_size=dice.choice((2, 7, 500)),
        seconds_to_month_end=dice.choice((1.5, 4.0, 7.5, 1e6, 1e6, 1e6)),
        consumption_skew=dice.choice((0.0, 0.0, 1.5)),
        with_rates=dice.random() < 0.08,
    )


def _calls(dice: Random) -> list[PlannedCall]:
    names, weights = list(_BEHAVIOURS), list(_BEHAVIOURS.values())
    calls: list[PlannedCall] = []
    at = 0.0
    bursts = dice.choice((0.1, 0.4, 0.7))
    for _ in range(dice.choice((8, 16, 26))):
        at += 0.0 if dice.random() < bursts else dice.random() * 1.0
        behaviour = dice.choices(names, weights)[0]
        streamed = behaviour in ("stream", "endless") or (behaviour in _EITHER and dice.random() < 0.5)
        patience = dice.choice((0.0, 0.02, 0.3, 2.0)) if dice.random() < 0.15 else 60.0
        calls.append(
            PlannedCall(
                *(min(at, SECONDS), dice.randrange(SLOTS), dice.randrange(2), dice.choice((0, 40, 400))),
                *(dice.choice((5, 40, 250, 700)), streamed, behaviour, patience),
            )
        )
    return calls


def _faults(dice: Random) -> list[PlannedFault]:
    names, weights = list(FAULTS), list(FAULTS.values())
    faults: list[PlannedFault] = []
    for _ in range(dice.choice((0, 3, 6, 10, 15))):
        what = dice.choices(names, weights)[0]
        point, part = "", None
        if what == "crash at":
            point = dice.choice(CRASH_POINTS)
            part = dice.random() if point.startswith("write") and dice.random() < 0.3 else None
        amount = dice.choice((0.05, 0.5, 0.9, 2.5, 5.0))
        if what == "skew":
            amount = dice.choice((3_600.0, -86_400.0, 2.0, -2.0))
        at = dice.random() * SECONDS
        faults.append(PlannedFault(at, what, dice.randrange(SLOTS), amount, point, dice.random() < 0.5, part))
    return sorted(faults, key=lambda fault: fault.at)


def _told(event: PlannedCall | PlannedFault) -> str:
    if isinstance(event, PlannedCall):
        kind = "stream" if event.streamed else "plain"
        return (
            f"call in slot {event.slot} with key {event.key}: {event.size} bytes, {event.tokens} tokens at most,"
            f" {kind}, {event.behaviour}, leaves after {event.patience:g}s"
        )
    where = f" {'after' if event.after else 'before'} '{event.point}'" if event.point else ""
    amid = f" in the middle ({event.part:.2f})" if event.part is not None else ""
    return f"{event.what} {event.slot} ({event.amount:g}){where}{amid}"
