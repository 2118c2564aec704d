"""Deciding by policies: what they forbid, what cannot be decided, and what is decided once for many calls."""

from typing import Any

import pytest
from fakes.call_door import a_key, a_route
from fakes.policies import NO_ACME, a_policy, enforced, some_facts

from dataplane import policy_bundle
from dataplane.cedar_engine import CedarRules, EngineFailed
from dataplane.policy_bundle import ALLOWED, Decision, Denied, EnforcedBundle, PolicyBundle, bundle_of, decide
from dataplane.policy_facts import Asked, PolicyFacts, facts_of, price_class
from dataplane.price import Price


def forbid(when: str) -> str:
    """A statement that forbids under a condition."""
    return f"forbid (principal, action, resource) when {{ {when} }};"


def test_a_call_passes_unless_a_policy_forbids_it() -> None:
    bundle = enforced(a_policy(NO_ACME))
    assert decide(bundle, some_facts()) == ALLOWED
    denied = decide(bundle, some_facts(provider="acme"))
    assert denied == Denied("no-acme", 1, "Acme has no contract with us.")
    assert decide(bundle, some_facts(provider="acme", team_id="team_9")) == ALLOWED


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ('principal in User::"acc_1"', {"account_id": "acc_1"}),
        ('principal == Key::"key_7"', {"key_id": "key_7"}),
        ('principal.team.slug == "red"', {"team_slug": "red"}),
        ('resource in Team::"team_5"', {"listing_team_id": "team_5"}),
        ('resource.team.slug == "gamma"', {"listing_team_slug": "gamma"}),
        ('resource.host like "*.cn"', {"host": "api.vendor.cn"}),
        ('!resource.tags.contains("eu")', {"tags": ("us",)}),
        ('resource.price_class == "high"', {"price_class": "high"}),
        ('resource.visibility == "private"', {"visibility": "private"}),
        ('resource.version_state == "deprecated"', {"version_state": "deprecated"}),
        ('resource.name == "x/y" && resource.version == "2.0.0"', {"listing_name": "x/y", "listing_version": "2.0.0"}),
        ('context.operation == "embeddings"', {"operation": "embeddings"}),
        ("context.streamed", {"streamed": True}),
        ('context.model == "big"', {"model": "big"}),
        ("context.estimated_tokens > 1000", {"estimated_tokens": 1001}),
        ("context.hour < 6 || context.hour >= 22", {"hour": 23}),
    ],
)
def test_every_fact_of_the_schema_can_forbid(condition: str, changes: dict[str, Any]) -> None:
    other = some_facts(account_id="acc_other") if "account_id" in changes else some_facts()
    bundle = enforced(a_policy(forbid(condition), "rule"))
    assert decide(bundle, other) == ALLOWED
    assert decide(bundle, some_facts(**changes)) == Denied("rule", 1, "")


def test_the_policy_that_forbids_is_named_among_many_with_its_description_for_a_reason() -> None:
    two = forbid('resource.provider == "x"') + "\n" + forbid('resource.provider == "y"')
    bundle = enforced(
        a_policy(two, "alpha", description="Neither x nor y."),
        a_policy('@reason("z is slow") ' + forbid('resource.provider == "z"'), "beta", version=4),
    )
    assert decide(bundle, some_facts(provider="y")) == Denied("alpha", 1, "Neither x nor y.")
    assert decide(bundle, some_facts(provider="z")) == Denied("beta", 4, "z is slow")


@pytest.mark.parametrize("changes", [{"operation": None}, {"provider": ""}, {"estimated_tokens": 2**62}])
def test_what_cannot_be_decided_is_forbidden_by_a_closed_policy_and_let_pass_by_an_open_one(
    changes: dict[str, Any],
) -> None:
    rule = forbid('context.operation == "x" || resource.provider == "x" || context.estimated_tokens * 4 == 3')
    assert decide(enforced(a_policy(rule, "rule", "closed")), some_facts()) == ALLOWED
    unknown = some_facts(**changes)
    assert decide(enforced(a_policy(rule, "rule", "closed")), unknown) == Denied("rule", 1, "", undecided=True)
    assert decide(enforced(a_policy(rule, "rule", "open")), unknown) == ALLOWED


def test_one_policy_that_cannot_be_decided_does_not_hide_another_that_forbids() -> None:
    broken = a_policy(forbid('context.operation == "x"'), "broken", "open")
    bundle = enforced(broken, a_policy(NO_ACME))
    assert isinstance(decide(bundle, some_facts(operation=None, provider="acme")), Denied)


class _Failing:
    """An engine that breaks."""

    def __init__(self) -> None:
        self.asked = 0

    def decide(self, facts: PolicyFacts) -> Any:
        self.asked += 1
        raise EngineFailed("broken")

    def seen(self, asked: Asked) -> Asked:
        return asked


def test_an_engine_that_fails_forbids_where_one_policy_is_closed_and_is_asked_again() -> None:
    engine = _Failing()
    mixed = bundle_of(1, [a_policy(NO_ACME, "a", "open"), a_policy(NO_ACME, "b", "closed")])
    closed = EnforcedBundle(mixed, engine)
    assert mixed.fail_mode == "closed"
    assert [decide(closed, some_facts()) for _ in range(2)] == [Denied("b", 1, "", undecided=True)] * 2
    assert engine.asked == 2
    assert decide(EnforcedBundle(bundle_of(1, [a_policy(NO_ACME, "a", "open")]), engine), some_facts()) == ALLOWED


@pytest.mark.parametrize("content", ["forbid(", "forbid (principal, action, resource) when { " + "(" * 500 + " };"])
def test_a_bundle_that_cannot_be_read_is_refused_as_a_whole(content: str) -> None:
    with pytest.raises(EngineFailed):
        CedarRules.of(bundle_of(1, [a_policy(NO_ACME), a_policy(content, "z")]))


def test_a_changed_bundle_does_not_match_its_hash() -> None:
    whole = bundle_of(3, [a_policy(NO_ACME, "b"), a_policy(NO_ACME, "a")])
    assert [policy.name for policy in whole.policies] == ["a", "b"]
    assert whole.is_whole()
    assert not PolicyBundle(3, whole.content_hash, whole.policies[:1]).is_whole()


def counted(*conditions: str) -> tuple[EnforcedBundle, Any]:
    """A bundle, and a reading of how many decisions the engine made."""
    bundle = enforced(*(a_policy(forbid(one), f"rule-{place}") for place, one in enumerate(conditions)))
    assert bundle.remembered is not None
    return bundle, bundle.remembered.cache_info


def decided(bundle: EnforcedBundle, tokens: int = 1, hour: int = 0, key: str = "key_1") -> Decision:
    """What is decided of a call in these circumstances, as the call path asks."""
    assert bundle.rules is not None
    asked = Asked(tokens, hour * 3_600_000_000, "chat/completions", False)
    return decide(bundle, facts_of(a_key(key_id=key), a_route(), bundle.rules.seen(asked)))


def test_calls_that_no_policy_can_tell_apart_are_decided_once() -> None:
    bundle, info = counted('resource.name == "acme/other"')
    for tokens in range(50):
        decided(bundle, tokens, tokens % 24)
    assert (info().misses, info().hits) == (1, 49)
    decided(bundle, key="key_2")
    assert info().misses == 2


def test_hours_count_only_where_a_policy_asks_for_them() -> None:
    bundle, info = counted("context.hour > 20")
    answers = [decided(bundle, tokens=hour, hour=hour) for hour in range(24)]
    assert [isinstance(answer, Denied) for answer in answers] == [hour > 20 for hour in range(24)]
    assert info().misses == 24


@pytest.mark.parametrize(
    "condition",
    ["context.estimated_tokens > 1000", "10 <= context.estimated_tokens", "context.estimated_tokens == 0"],
)
def test_tokens_count_only_by_the_side_of_the_thresholds_on_which_they_are(condition: str) -> None:
    bundle, info = counted(condition, "context.estimated_tokens >= 500 && context.estimated_tokens != 700")
    counts = [0, 1, 9, 10, 11, 499, 500, 501, 699, 700, 701, 999, 1000, 1001, 10**9]
    assert bundle.rules is not None
    for tokens in counts:
        exact = facts_of(a_key(), a_route(), Asked(tokens, 0, "chat/completions", False))
        assert decided(bundle, tokens) == bundle.rules.decide(exact), tokens
    assert info().misses < len(counts)


@pytest.mark.parametrize("condition", ["context.estimated_tokens + 1 > 5", "context has hour", "context == context"])
def test_a_use_that_is_not_a_comparison_keeps_every_count_apart(condition: str) -> None:
    bundle, info = counted(condition)
    for tokens in range(5):
        decided(bundle, tokens)
    assert info().misses == 5


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    _, info = counted('resource.name == "acme/other"')
    assert info().maxsize == 8192
    monkeypatch.setattr(policy_bundle, "MOST_REMEMBERED", 82)
    bundle, info = counted('resource.name == "acme/other"')
    for number in range(90):
        decided(bundle, key=f"key_{number}")
    assert info().currsize == info().maxsize == 82


@pytest.mark.parametrize(
    ("price", "named"),
    [
        (None, "unknown"),
        (Price("p", None, 1), "unknown"),
        (Price("p", 0, 0), "free"),
        (Price("p", 0, 0, per_request=5), "low"),
        (Price("p", 10**9, 1), "low"),
        (Price("p", 1, 10**9 + 1), "medium"),
        (Price("p", 10**10, 10**10), "medium"),
        (Price("p", 1, 10**10 + 1), "high"),
    ],
)
def test_prices_have_classes(price: Price | None, named: str) -> None:
    assert price_class(price) == named
