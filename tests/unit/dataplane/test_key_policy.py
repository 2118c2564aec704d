"""What a key may call and see: its permissions and its lists, each beside what it may not."""

import pytest
from fakes.call_door import a_key, a_route

from dataplane.policy import covers, key_allows, listing_refusal, may_see
from dataplane.records import PERMISSION_CALL, PERMISSION_MODELS
from dataplane.refusals import ModelNotFound, PermissionMissing

ROUTE = a_route(version="1.4.2")


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("acme/echo", True),
        ("acme/echo@1.4.2", True),
        ("acme/echo@1.*", True),
        ("acme/*", True),
        ("vendor-echo", True),
        ("acme/echo@1.4.1", False),
        ("acme/echo@2.*", False),
        ("acme/ech", False),
        ("acme", False),
        ("other/*", False),
        ("*", False),
        ("echo", False),
    ],
)
def test_a_pattern_means_a_team_a_listing_a_version_or_a_model(pattern: str, covered: bool) -> None:
    assert covers(a_key(allowed_models=frozenset({pattern})), ROUTE) is covered
    assert covers(a_key(allowed_models=frozenset({pattern, "acme/echo"})), ROUTE)


def test_a_model_that_is_named_like_somebodys_listing_is_not_taken_for_it() -> None:
    honest, forged = a_route(), a_route(team_slug="mallory", name="cheap", upstream_model="acme/echo")
    key = a_key(allowed_models=frozenset({"acme/echo"}))
    assert covers(key, honest)
    assert not covers(key, forged)
    assert isinstance(key_allows(key, forged), ModelNotFound)


def test_both_lists_must_mean_the_route_and_an_empty_one_means_every_one() -> None:
    assert covers(a_key(), ROUTE)
    for listings, models, covered in (("lst_1", "acme/*", True), ("lst_2", "acme/*", False), ("lst_1", "x/*", False)):
        key = a_key(allowed_listings=frozenset({listings}), allowed_models=frozenset({models}))
        assert covers(key, ROUTE) is covered
        assert may_see(key, ROUTE) is covered


def test_calling_and_listing_are_two_permissions() -> None:
    caller, reader = a_key(permissions=frozenset({PERMISSION_CALL})), a_key(permissions=frozenset({PERMISSION_MODELS}))
    assert key_allows(caller, ROUTE) is None
    assert isinstance(key_allows(reader, ROUTE), PermissionMissing)
    assert isinstance(listing_refusal(caller), PermissionMissing)
    assert listing_refusal(reader) is None
    assert (may_see(caller, ROUTE), may_see(reader, ROUTE)) == (False, True)
