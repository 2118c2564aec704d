"""How long to wait before a part is started again: twice as long each time, never all at the same moment."""

FIRST_SECONDS = 0.25
LONGEST_SECONDS = 15.0
# A part that ran so long starts again as if it had never failed.
STABLE_SECONDS = 30.0


def delay(failures: int, chance: float) -> float:
    """Seconds before the next start; `failures` in a row so far, `chance` in [0, 1) spreads the parts by half."""
    whole = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 16))
    return whole * (0.5 + chance / 2)


def failures_after(failures: int, lived_seconds: float) -> int:
    """How many failures in a row, now that the part has ended once more."""
    return 1 if lived_seconds >= STABLE_SECONDS else failures + 1
