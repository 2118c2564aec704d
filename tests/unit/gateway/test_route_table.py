"""Which service answers which path."""

import pytest

from gateway.routes.rules import service_of

LISTING = "/api/v1/services/lst_0198c0de0198c0de0198c0de0198c0de"


@pytest.mark.parametrize(
    ("method", "path", "service"),
    [
        ("POST", "/auth/login", "admin"),
        ("GET", "/api/v1/auth/me", "admin"),
        ("GET", "/users", "admin"),
        ("GET", "/workflows/apr_1", "admin"),
        ("GET", "/dashboard/metrics", "admin"),
        ("GET", "/api/v1/teams/tea_1/usage", "admin"),
        ("GET", "/.well-known/jwks.json", "admin"),
        ("POST", "/api/v1/search", "discovery"),
        ("GET", "/api/v1/autocomplete", "discovery"),
        ("GET", LISTING, "discovery"),
        ("PUT", LISTING, "publishing"),
        ("GET", LISTING + "/similar", "discovery"),
        ("POST", LISTING + "/ratings", "discovery"),
        ("GET", LISTING + "/publication", "publishing"),
        ("POST", LISTING + "/deprecate", "publishing"),
        ("POST", "/api/v1/services", "publishing"),
        ("GET", "/api/v1/services", "publishing"),
        ("GET", "/api/v1/runs/run_1/events", "publishing"),
        ("POST", "/api/v1/validate", "publishing"),
        ("POST", "/api/v1/catalogue/imports", "publishing"),
        ("POST", "/api/v1/keys", "consumption"),
        ("GET", "/api/v1/usage", "consumption"),
        ("PUT", "/api/v1/tiers/premium", "consumption"),
        ("PUT", "/api/v1/budgets/platform", "consumption"),
        ("POST", "/api/v1/access-requests", "consumption"),
        ("PUT", "/api/v1/sla/lst_1/targets", "consumption"),
        ("POST", "/api/v1/invoices/inv_1/resolutions", "consumption"),
        ("GET", "/api/v1/ledger/verification", "consumption"),
        ("POST", "/api/v1/prices", "consumption"),
        ("GET", "/api/v1/recalculations/rcl_1", "consumption"),
        ("POST", "/api/v1/recalculation-previews", "consumption"),
    ],
)
def test_each_path_has_its_service(method: str, path: str, service: str) -> None:
    assert service_of(method, path) == service


@pytest.mark.parametrize("path", ["/", "/nowhere", "/api/v1", "/api/v1/searching", "/authx", "/api/v2/keys", "//users"])
def test_other_paths_have_none(path: str) -> None:
    assert service_of("GET", path) is None
