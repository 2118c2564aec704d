"""Times as they are typed at the command line, in UTC where they do not say otherwise."""

from datetime import UTC, datetime


def utc_text(moment: datetime | None) -> str | None:
    """RFC 3339, as the marketplace takes it."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.isoformat()
