"""Policies: written as drafts, put in force one version at a time, tried before; what is wrong is shown where it is."""

from typing import Any

import pytest
from fakes.admin import FakeWork, principal
from fakes.policies import NO_ACME, some_facts

from admin.policies import rules
from admin.policies.actions import (
    ActivatePolicy,
    AddPolicyVersion,
    CreatePolicy,
    DeactivatePolicy,
    ListPolicies,
    ReadPolicy,
    ReadPolicyVersion,
)
from admin.policies.cedar_findings import findings_in
from admin.policies.entity_tags import revision_of, tag_of
from admin.policies.errors import (
    PolicyChanged,
    PolicyInvalid,
    PolicyNameTaken,
    PolicyNotActive,
    PolicyNotFound,
    TooManyPolicies,
)
from admin.policies.ports import PolicyFilter
from admin.policies.rules import Policy, Writing
from admin.policies.simulating import SimulatePolicy, Trial
from dataplane.policy_bundle import ALLOWED, Denied
from marketplace.events.v1.policy_pb2 import PolicyActivated, PolicyDeactivated

ADA = principal("acc_ada", "admin")
ACME, BETA = Writing(NO_ACME, "closed"), Writing(NO_ACME.replace('"acme"', '"beta"'), "open")


async def written(work: FakeWork, name: str = "no-acme", writing: Writing = ACME) -> Policy:
    """A draft."""
    return (await CreatePolicy(work)(ADA, name, "Vendors we know.", writing))[0]


async def test_a_policy_is_written_as_a_draft_of_which_nothing_is_in_force() -> None:
    work = FakeWork()
    policy = await written(work)
    assert (policy.state, policy.active_version, policy.latest_version, policy.revision) == ("draft", None, 1, 1)
    assert (await work.rows.policies.bundle()).policies == ()
    with pytest.raises(PolicyNameTaken):
        await written(work)
    assert work.actions() == ["policy.created"]


async def test_one_version_at_a_time_is_in_force_and_an_earlier_one_rolls_back() -> None:
    work = FakeWork()
    policy_id = (await written(work)).policy_id
    await AddPolicyVersion(work)(ADA, policy_id, BETA)
    activate = ActivatePolicy(work)
    await activate(ADA, policy_id, 2, 2)
    policy, versions = await activate(ADA, policy_id, 1, 3)
    assert [(each.version, each.state) for each in versions] == [(2, "retired"), (1, "active")]
    bundle = await work.rows.policies.bundle()
    assert (bundle.version, [(each.version, each.fail_mode) for each in bundle.policies]) == (2, [(1, "closed")])
    again, _ = await activate(ADA, policy_id, 1, policy.revision)
    assert again == policy
    told = work.facts_of(PolicyActivated)
    assert [(fact.version, fact.bundle_version, fact.activated_by) for fact in told] == [
        (2, 1, "acc_ada"),
        (1, 2, "acc_ada"),
    ]
    assert work.actions() == ["policy.created", "policy.version_added", "policy.activated", "policy.activated"]


async def test_a_policy_is_taken_out_of_force_once() -> None:
    work = FakeWork()
    policy_id = (await written(work)).policy_id
    with pytest.raises(PolicyNotActive):
        await DeactivatePolicy(work)(ADA, policy_id, 1)
    await ActivatePolicy(work)(ADA, policy_id, 1, None)
    policy, versions = await DeactivatePolicy(work)(ADA, policy_id, 2)
    assert (policy.state, policy.active_version, versions[0].state) == ("retired", None, "retired")
    assert (await work.rows.policies.bundle()).policies == ()
    assert [fact.bundle_version for fact in work.facts_of(PolicyDeactivated)] == [2]
    assert await ListPolicies(work)(PolicyFilter("retired"), 10) == [policy]
    assert await ListPolicies(work)(PolicyFilter("active"), 10) == []


async def test_who_read_an_older_policy_changes_nothing() -> None:
    work = FakeWork()
    policy_id = (await written(work)).policy_id
    for deed in (ActivatePolicy(work)(ADA, policy_id, 1, 9), DeactivatePolicy(work)(ADA, policy_id, 9)):
        with pytest.raises(PolicyChanged):
            await deed
    assert (await ReadPolicy(work)(policy_id))[0].revision == 1
    assert (revision_of(tag_of(7)), revision_of(" * ")) == (7, None)
    with pytest.raises(PolicyChanged):
        revision_of("W/7")


async def test_what_does_not_exist_is_not_found() -> None:
    work = FakeWork()
    policy_id = (await written(work)).policy_id
    assert (await ReadPolicyVersion(work)(policy_id, 1)).content == NO_ACME
    for deed in (
        ReadPolicy(work)("pol_x"),
        ReadPolicyVersion(work)(policy_id, 2),
        ActivatePolicy(work)(ADA, policy_id, 2, None),
        AddPolicyVersion(work)(ADA, "pol_x", ACME),
        SimulatePolicy(work)(Trial(policy_id, 5, with_active=True), some_facts()),
    ):
        with pytest.raises(PolicyNotFound):
            await deed


async def test_a_draft_is_tried_alone_or_with_what_is_in_force() -> None:
    work = FakeWork()
    await ActivatePolicy(work)(ADA, (await written(work)).policy_id, 1, None)
    draft = await written(work, "no-beta", BETA)
    simulate = SimulatePolicy(work)
    for provider, alone, together in (
        ("acme", ALLOWED, Denied("no-acme", 1, "Acme has no contract with us.")),
        ("beta", Denied("no-beta", 1, "Acme has no contract with us."), None),
        ("gamma", ALLOWED, ALLOWED),
    ):
        facts = some_facts(provider=provider)
        outcome = await simulate(Trial(draft.policy_id, None, with_active=False), facts)
        assert (outcome.version, outcome.decision) == (1, alone)
        both = await simulate(Trial(draft.policy_id, 1, with_active=True), facts)
        assert both.decision == (alone if together is None else together)
    assert (await work.rows.policies.bundle()).version == 1


async def test_a_new_version_is_tried_in_the_place_of_the_one_in_force() -> None:
    work = FakeWork()
    policy_id = (await written(work)).policy_id
    await ActivatePolicy(work)(ADA, policy_id, 1, None)
    await AddPolicyVersion(work)(ADA, policy_id, BETA)
    outcome = await SimulatePolicy(work)(Trial(policy_id, None, with_active=True), some_facts(provider="acme"))
    assert (outcome.version, outcome.decision) == (2, ALLOWED)


async def test_no_more_are_in_force_than_every_call_may_be_held_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules.MOST_ACTIVE == 100
    # A fifth of them shows the same: each is judged with all before it.
    monkeypatch.setattr(rules, "MOST_ACTIVE", 20)
    work = FakeWork()
    for number in range(20):
        policy = await written(work, f"rule-{number}")
        await ActivatePolicy(work)(ADA, policy.policy_id, 1, None)
    one_more = await written(work, "one-more")
    with pytest.raises(TooManyPolicies):
        await ActivatePolicy(work)(ADA, one_more.policy_id, 1, None)
    assert len((await work.rows.policies.bundle()).policies) == 20


async def test_what_is_not_valid_is_not_written_and_says_where_to_mend_it() -> None:
    work = FakeWork()
    with pytest.raises(PolicyInvalid) as refused:
        await written(
            work, writing=Writing("forbid (principal, action, resource)\nwhen { context.hours > 2 };", "open")
        )
    assert refused.value.http_status == 422
    assert refused.value.message.startswith("Line 2, column 16: ")
    assert refused.value.details["findings"] == [
        {"line": 2, "column": 16, "message": 'attribute `hours` in context for Action::"call" not found'}
    ]
    assert not work.rows.policies.policies


def rule(condition: str) -> str:
    """A statement on one line."""
    return f"forbid (principal, action, resource) when {{ {condition} }};"


@pytest.mark.parametrize(
    ("text", "line", "column", "said"),
    [
        ("", 1, 1, "at least one forbid"),
        ("// nothing yet", 1, 1, "at least one forbid"),
        ("forbid(", 1, 8, "unexpected end"),
        ("forbid (principal, action resource);", 1, 27, "unexpected token `resource`"),
        (NO_ACME + "\nforbid (principal\n  action);", 8, 3, "unexpected token `action`"),
        (rule('"open'), 1, 45, "invalid token"),
        (rule("1 + "), 1, 50, "unexpected token `}`"),
        (rule("resource.provder == 1"), 1, 54, "provder"),
        (rule("resource.tags.has_it()"), 1, 59, "not a valid method"),
        (rule("context.hour == true"), 1, 1, "not compatible"),
        ("forbid (caller, action, resource);", 1, 9, "caller"),
        ('forbid (principal in Group::"x", action, resource);', 1, 22, "unrecognized entity type"),
        ('forbid (principal, action == Action::"read", resource);', 1, 38, "unrecognized action"),
        ("forbid (principal == ?principal, action, resource);", 1, 22, "slot"),
        (rule("context.streamed") + "\npermit (principal, action, resource);", 2, 1, "a permit changes nothing"),
        (rule("(" * 60 + "true" + ")" * 60), 1, 84, "too deep"),
        (rule(" && ".join(["context.streamed"] * 400)), 1, None, "too deep"),
        (rule("[" * 4000), 1, 84, "too deep"),
        (rule("context.streamed") * 60, 1, None, "at most 50 statements"),
        (rule("-" * 20 + "1 == 1"), 1, 45, "too many occurrences"),
        ('@reason("a") @reason("b") ' + rule("true"), 1, 1, "duplicate annotation"),
    ],
)
def test_each_finding_stands_where_it_is_to_be_mended(text: str, line: int, column: Any, said: str) -> None:
    found = findings_in(text)
    assert found
    assert said in found[0].message
    assert found[0].line == line
    assert column in {None, found[0].column}


def test_every_statement_is_looked_at_and_findings_are_bounded() -> None:
    two = "forbid (a, action, resource);\nforbid (b, action, resource);"
    assert [(each.line, each.column) for each in findings_in(two)] == [(1, 9), (2, 9)]
    assert len(findings_in("forbid (a, action, resource);" * 50)) == 20


@pytest.mark.parametrize(
    "text",
    [
        NO_ACME,
        rule('resource.provider == "a;b // no comment"') + " // forbid(",
        'forbid (principal in Team::"tea_1", action, resource) unless { resource.tags.containsAny(["eu", "ch"]) };',
        '@reason("Nachts ruht das Geschäft.") ' + rule("context.hour < 6 || context.hour > 22"),
        rule(" || ".join(f'resource.provider == "p{number}"' for number in range(60))),
    ],
)
def test_what_can_be_enforced_has_no_findings(text: str) -> None:
    assert findings_in(text) == []
