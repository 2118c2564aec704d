"""Times as they are typed at the command line, in UTC where they do not say otherwise."""

from datetime import UTC, datetime

from marketplace_cli.errors import UsageRefused

FORMAT = "YYYY-MM-DD[THH:MM]"


def utc_text(typed: str | None, option: str) -> str | None:
    """RFC 3339, as the marketplace takes it. Raises UsageRefused, which names the option and the format."""
    if typed is None:
        return None
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        raise UsageRefused(
            f"{option}: {typed!r} is no time: write it as 2027-06-30 or 2027-06-30T18:00, in UTC."
        ) from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat()
