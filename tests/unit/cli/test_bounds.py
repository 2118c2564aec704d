"""Changing and rotating keys, tiers and budgets."""

import json

from fakes.gateway_stand_in import SECRET_KEY, GatewayStandIn, answered, gateway, page, problem

__all__ = ["gateway"]

LIMITS = {
    "items": [
        {
            "scope": "platform:usd",
            "kind": "platform",
            "subject": "platform",
            "unit": "usd",
            "limit": "5",
            "used": "1",
            "held": "0",
            "remaining": "4",
            "resets_at": "2026-12-01T00:00:00Z",
        }
    ]
}
TIER = {
    "name": "slow",
    "requests_per_second": 10.0,
    "burst": 20.0,
    "tokens_per_minute": 1000,
    "max_concurrency": None,
    "monthly_token_quota": None,
}


def test_a_key_is_changed_by_name_and_a_bound_taken_away(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/keys", page({"id": "key_1", "name": "laptop", "state": "active"}))
    gateway.on("PATCH", "/api/v1/keys/key_1", answered({"id": "key_1", "name": "desk", "monthly_budget": None}))
    words = ("--name", "desk", "--model", "acme/*", "--unbound", "monthly_budget", "--unbound", "allowed_listings")
    result = gateway.run("keys", "change", "laptop", *words)
    assert result.exit_code == 0, result.stderr
    changes = {"name": "desk", "allowed_models": ["acme/*"], "monthly_budget": None, "allowed_listings": []}
    assert gateway.asked() == changes
    assert "desk" in result.stdout
    assert gateway.run("keys", "change", "key_1").exit_code == 2


def test_a_rotation_names_the_generation_it_saw_and_shows_the_secret_once(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/keys/key_1", answered({"id": "key_1", "generation": 3}))
    made = {"id": "key_1", "key": SECRET_KEY, "previous_ends_at": "2026-12-01T00:00:00Z", "generation": 4}
    gateway.on("POST", "/api/v1/keys/key_1/rotate", answered(made), problem(409, "Somebody rotated it.", "key_rotated"))
    result = gateway.run("keys", "rotate", "key_1", "--grace", "0.5")
    assert result.stdout.splitlines()[0] == SECRET_KEY
    assert gateway.asked() == {"grace_seconds": 1800, "generation": 3}
    again = gateway.run("keys", "rotate", "key_1")
    assert (again.exit_code, SECRET_KEY in again.output) == (1, False)


def test_tiers_are_listed_and_set(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/tiers", answered({"items": [TIER]}))
    gateway.on("PUT", "/api/v1/tiers/slow", answered(TIER))
    assert "slow" in gateway.run("tiers", "list").stdout
    assert gateway.run("tiers", "set", "slow", "--tokens-per-minute", "1000", "--json").exit_code == 0
    assert gateway.asked() == {name: value for name, value in TIER.items() if name != "name"}
    assert gateway.run("tiers", "set", "slow", "--requests-per-second", "9").exit_code == 2


def test_budgets_are_shown_and_set_for_whom_an_id_names(gateway: GatewayStandIn) -> None:
    gateway.sign_in()
    gateway.on("GET", "/api/v1/budgets", answered(LIMITS))
    assert "platform" in gateway.run("budgets", "show").stdout
    for whose, path in (("platform", "platform"), ("tea_1", "teams/tea_1"), ("acc_1", "users/acc_1")):
        gateway.on("PUT", f"/api/v1/budgets/{path}", answered(LIMITS))
        assert json.loads(gateway.run("budgets", "set", whose, "--budget", "5", "--json").stdout) == LIMITS
        assert gateway.asked() == {"monthly_token_quota": None, "monthly_budget": "5"}
    assert gateway.run("budgets", "set", "somebody").exit_code == 2
