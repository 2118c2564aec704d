"""Who may give which role, whose account may be touched, and which passwords are strong."""

from datetime import UTC, datetime

import pytest

from admin.accounts.errors import LastSuperAdmin, OwnAccount, PasswordTooWeak, RoleAboveYours
from admin.accounts.password_rules import require_strong, weaknesses
from admin.accounts.rules import Account, require_a_super_admin_left, require_may_give, require_may_touch


def account(*roles: str) -> Account:
    """Somebody else's account."""
    return Account("acc_b", "b@x.test", "B", frozenset(roles), "active", 1, datetime(2030, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("giver", "before", "after", "allowed"),
    [
        ("super_admin", [], ["super_admin"], True),
        ("super_admin", ["admin"], [], True),
        ("admin", [], ["approver", "viewer", "service_account"], True),
        ("admin", ["admin"], ["admin", "viewer"], True),
        ("admin", [], ["admin"], False),
        ("admin", [], ["super_admin"], False),
        ("admin", ["super_admin"], ["viewer"], False),
        ("viewer", [], ["admin"], False),
    ],
)
def test_only_a_super_admin_gives_or_takes_guarded_roles(
    giver: str, before: list[str], after: list[str], allowed: bool
) -> None:
    if allowed:
        require_may_give({giver}, frozenset(before), frozenset(after))
    else:
        with pytest.raises(RoleAboveYours):
            require_may_give({giver}, frozenset(before), frozenset(after))


def test_an_account_is_touched_from_above_and_never_by_itself() -> None:
    require_may_touch("acc_a", {"admin"}, account("approver"))
    require_may_touch("acc_a", {"super_admin"}, account("super_admin"))
    with pytest.raises(RoleAboveYours):
        require_may_touch("acc_a", {"admin"}, account("admin"))
    with pytest.raises(OwnAccount):
        require_may_touch("acc_b", {"super_admin"}, account())


def test_the_last_super_admin_stays() -> None:
    require_a_super_admin_left(account("super_admin"), 1, keeps=False)
    require_a_super_admin_left(account("super_admin"), 0, keeps=True)
    require_a_super_admin_left(account("admin"), 0, keeps=False)
    with pytest.raises(LastSuperAdmin):
        require_a_super_admin_left(account("super_admin"), 0, keeps=False)


@pytest.mark.parametrize("password", ["Sturdy-Kettle-42", "correct horse battery staple", "Größe-und-Länge-7"])
def test_strong_passwords_are_taken(password: str) -> None:
    require_strong(password, "ada@example.org")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("Short-1a", "at least 12 characters"),
        ("x" * 129, "at most 128"),
        ("Aa1!Aa1!Aa1!", "different characters"),
        ("onlysmallletters", "at least three of"),
        ("Ada.Lovelace-12345", "your address"),
        ("With-A-Newline\n42", "control characters"),
    ],
)
def test_weak_passwords_are_refused_with_what_to_mend(password: str, fault: str) -> None:
    assert any(fault in text for text in weaknesses(password, "ada.lovelace@example.org"))
    with pytest.raises(PasswordTooWeak):
        require_strong(password, "ada.lovelace@example.org")
