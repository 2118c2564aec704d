"""What a password must be like: long enough, not all alike, not made of the address it protects."""

import unicodedata

from admin.accounts.errors import PasswordTooWeak

SHORTEST = 12
LONGEST = 128
# From this length on, the kinds of characters no longer matter.
PASSPHRASE = 20
LEAST_DISTINCT = 6
LEAST_KINDS = 3


def normal_password(text: str) -> str:
    """The same password typed on another keyboard is the same text (NFKC)."""
    return unicodedata.normalize("NFKC", text)


def require_strong(password: str, email: str) -> None:
    """Raise PasswordTooWeak with all that is wrong."""
    if faults := weaknesses(normal_password(password), email):
        raise PasswordTooWeak(f"The password is too weak: {'; '.join(faults)}.", weaknesses=faults)


def weaknesses(password: str, email: str) -> list[str]:
    """What to mend, as sentences without an end."""
    local = email.split("@", maxsplit=1)[0].lower()
    faults = {
        f"use at least {SHORTEST} characters": len(password) < SHORTEST,
        f"use at most {LONGEST} characters": len(password) > LONGEST,
        f"use at least {LEAST_DISTINCT} different characters": len(set(password)) < LEAST_DISTINCT,
        "mix at least three of small letters, capitals, digits and signs, or use 20 characters": (
            len(password) < PASSPHRASE and kinds(password) < LEAST_KINDS
        ),
        "leave out your address": len(local) >= 4 and local in password.lower(),
        "leave out control characters": any(unicodedata.category(character) == "Cc" for character in password),
    }
    return [fault for fault, found in faults.items() if found]


def kinds(password: str) -> int:
    """How many of the four kinds of characters occur."""
    return sum(
        [
            any(character.islower() for character in password),
            any(character.isupper() for character in password),
            any(character.isdigit() for character in password),
            any(not character.isalnum() for character in password),
        ]
    )
