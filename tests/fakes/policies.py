"""Policies as admin hands them to the data plane."""

from typing import Any

from dataplane.cedar_engine import CedarRules
from dataplane.policy_bundle import ActivePolicy, EnforcedBundle, FailMode, bundle_of
from dataplane.policy_facts import PolicyFacts

NO_ACME = """
// Nothing leaves for this vendor.
@reason("Acme has no contract with us.")
forbid (principal in Team::"team_1", action == Action::"call", resource)
when { resource.provider == "acme" };
"""


def a_policy(content: str, name: str = "no-acme", fail_mode: FailMode = "closed", **changes: Any) -> ActivePolicy:
    """A policy in force."""
    facts: dict[str, Any] = {"policy_id": f"pol_{name}", "version": 1, "description": ""}
    return ActivePolicy(name=name, fail_mode=fail_mode, content=content, **{**facts, **changes})


def enforced(*policies: ActivePolicy, version: int = 1) -> EnforcedBundle:
    """These policies, in force."""
    bundle = bundle_of(version, policies)
    return EnforcedBundle(bundle, CedarRules.of(bundle))


def some_facts(**changes: Any) -> PolicyFacts:
    """A plain call of team_1 to beta/echo."""
    facts: dict[str, Any] = {
        "key_id": "key_1",
        "account_id": "acc_1",
        "team_id": "team_1",
        "team_slug": "acme-users",
        "listing_id": "lst_1",
        "listing_name": "beta/echo",
        "listing_version": "1.0.0",
        "listing_team_id": "team_2",
        "listing_team_slug": "beta",
        "provider": "beta",
        "host": "vendor.example",
        "tags": ("chat", "eu"),
        "price_class": "low",
        "visibility": "public",
        "version_state": "published",
        "model": "vendor-echo",
        "operation": "chat/completions",
        "streamed": False,
        "estimated_tokens": 100,
        "hour": 12,
    }
    return PolicyFacts(**{**facts, **changes})
