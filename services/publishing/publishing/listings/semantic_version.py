"""Versions as SemVer 2.0.0 orders them; build metadata is left out, because it has no order."""

import re

from chassis.errors import InvalidInput

_IDENTIFIER = r"(?:0|[1-9]\d{0,8}|\d{0,16}[a-zA-Z-][0-9a-zA-Z-]{0,31})"
PATTERN = (
    rf"^(0|[1-9]\d{{0,8}})\.(0|[1-9]\d{{0,8}})\.(0|[1-9]\d{{0,8}})(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER}){{0,7}}))?$"
)
_FORM = re.compile(PATTERN, re.ASCII)

Place = tuple[tuple[int, int, int], int, tuple[tuple[int, int, str], ...]]


class VersionRefused(InvalidInput):
    """The version is not a semantic version, or not greater than what is there."""

    code = "version_refused"


def place_of(version: str) -> Place:
    """A key that sorts as SemVer's section 11 says. Raises VersionRefused."""
    match = _FORM.fullmatch(version)
    if match is None or len(version) > 64:
        raise VersionRefused("The version must be major.minor.patch, such as 1.4.0 or 2.0.0-rc.1.", pointer="/version")
    numbers = (int(match[1]), int(match[2]), int(match[3]))
    return numbers, 0 if match[4] else 1, tuple(_part(part) for part in (match[4] or "").split(".") if part)


def require_greater(version: str, present: str) -> None:
    """Raises VersionRefused unless `version` comes after `present`."""
    if place_of(version) <= place_of(present):
        raise VersionRefused(
            f"The version must be greater than {present}, which is there already.", pointer="/version", present=present
        )


def _part(identifier: str) -> tuple[int, int, str]:
    return (0, int(identifier), "") if identifier.isdigit() else (1, 0, identifier)
