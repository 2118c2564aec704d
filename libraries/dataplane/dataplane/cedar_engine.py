"""Cedar at work: policies parsed once, one call's facts decided at a time.

Every call is permitted unless a policy forbids it: the marketplace's own checks have let it in already.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy
import msgspec
from cedarpy import pst

from dataplane.cedar_mentions import Mentions, mentions_of
from dataplane.cedar_text import statements_of, too_deep
from dataplane.policy_bundle import ALLOWED, ActivePolicy, Decision, Denied, PolicyBundle
from dataplane.policy_facts import Asked, PolicyFacts

_PERMITTED = "permit(principal, action, resource);"
_ERRED = re.compile(r"policy `(policy\d+)`")
_ACTION = {"type": "Action", "id": "call"}
# The package leaves the type of its dictionaries open.
_engine: Any = cedarpy


class EngineFailed(Exception):
    """The engine cannot read these policies, or did not decide."""


@dataclass(frozen=True, slots=True)
class _Rule:
    policy: ActivePolicy
    place: int
    reason: str


@dataclass(frozen=True, slots=True)
class CedarRules:
    """A bundle that the engine has read."""

    handle: cedarpy.PolicySet
    rules: Mapping[str, _Rule]
    mentions: Mentions

    @classmethod
    def of(cls, bundle: PolicyBundle) -> "CedarRules":
        """Read a bundle. Raises EngineFailed."""
        text = "\n".join([*(_bounded(policy.content) for policy in bundle.policies), _PERMITTED])
        try:
            handle = cedarpy.PolicySet.from_str(text, release_gil=True)
            tree = handle.to_pst()
            rules = _rules(bundle.policies, [dict(each.annotations) for each in _in_order(tree.static_policies)])
        except Exception as error:
            raise EngineFailed(str(error)) from error
        return cls(handle, rules, mentions_of(tree))

    def seen(self, asked: Asked) -> Asked:
        """Circumstances that are decided as the given ones are, the same for as many calls as possible."""
        return self.mentions.seen(asked)

    def decide(self, facts: PolicyFacts) -> Decision:
        """What the policies say of one call. Raises EngineFailed where the engine itself fails."""
        request = {
            "principal": {"type": "Key", "id": facts.key_id},
            "action": _ACTION,
            "resource": {"type": "Listing", "id": facts.listing_id},
            "context": _context(facts),
        }
        try:
            result: cedarpy.AuthzResult = _engine.is_authorized(
                request, self.handle, msgspec.json.encode(entities_of(facts)).decode()
            )
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            # A panic of the engine is no Exception.
            raise EngineFailed(type(error).__name__) from error
        if result.decision is cedarpy.Decision.NoDecision:
            raise EngineFailed("no decision")
        return self._decision(result)

    def _decision(self, result: cedarpy.AuthzResult) -> Decision:
        if not result.allowed:
            return _denied(min((self.rules[name] for name in result.diagnostics.reasons), key=_place))
        undecided = [self._erred(error) for error in result.diagnostics.errors]
        closed = [rule for rule in undecided if rule.policy.fail_mode == "closed"]
        if closed:
            policy = min(closed, key=_place).policy
            return Denied(policy.name, policy.version, "", undecided=True)
        return ALLOWED

    def _erred(self, error: str) -> _Rule:
        found = _ERRED.search(error)
        if found is None or found[1] not in self.rules:
            raise EngineFailed("an error that names no policy")
        return self.rules[found[1]]


def entities_of(facts: PolicyFacts) -> list[dict[str, object]]:
    """The entities of one call as Cedar reads them: team, user, key, listing and its publisher's team."""
    team, user = _uid("Team", facts.team_id), _uid("User", facts.account_id)
    publisher = _uid("Team", facts.listing_team_id)
    listing = {
        "name": facts.listing_name,
        "version": facts.listing_version,
        "provider": facts.provider,
        "host": facts.host,
        "price_class": facts.price_class,
        "visibility": facts.visibility,
        "version_state": facts.version_state,
    }
    entities = [
        _entity(team, {"slug": facts.team_slug}),
        _entity(user, {}, team),
        _entity(_uid("Key", facts.key_id), {"team": {"__entity": team}, "user": {"__entity": user}}, user, team),
    ]
    if not facts.listing_team_id:
        return [*entities, _entity(_uid("Listing", facts.listing_id), {**listing, "tags": list(facts.tags)})]
    if publisher != team:
        entities.append(_entity(publisher, {"slug": facts.listing_team_slug}))
    known = {**listing, "tags": list(facts.tags), "team": {"__entity": publisher}}
    return [*entities, _entity(_uid("Listing", facts.listing_id), known, publisher)]


def _entity(uid: Mapping[str, str], attributes: Mapping[str, object], *parents: Mapping[str, str]) -> dict[str, object]:
    """An empty text is not known and left out, so that asking for it is an error and no silent mismatch."""
    return {
        "uid": uid,
        "attrs": {name: value for name, value in attributes.items() if value != ""},
        "parents": parents,
    }


def _uid(kind: str, name: str) -> dict[str, str]:
    return {"type": kind, "id": name}


def _context(facts: PolicyFacts) -> dict[str, object]:
    context = {
        "operation": facts.operation,
        "streamed": facts.streamed,
        "model": facts.model,
        "estimated_tokens": facts.estimated_tokens,
        "hour": facts.hour,
    }
    return {name: value for name, value in context.items() if value is not None}


def _bounded(content: str) -> str:
    if any(too_deep(statement) for statement in statements_of(content)):
        raise EngineFailed("a statement is nested too deep")
    return content


def _rules(policies: Sequence[ActivePolicy], annotations: Sequence[Mapping[str, str]]) -> dict[str, _Rule]:
    """The engine numbers the statements of the whole text; each is given back to its policy."""
    rules: dict[str, _Rule] = {}
    for policy in policies:
        for _ in range(len(cedarpy.PolicySet.from_str(policy.content, release_gil=True))):
            place = len(rules)
            rules[f"policy{place}"] = _Rule(policy, place, annotations[place].get("reason", "") or policy.description)
    if len(annotations) != len(rules) + 1:
        raise EngineFailed("the statements of the whole are not those of its parts")
    return rules


def _in_order(statements: Mapping[str, pst.Template]) -> list[pst.Template]:
    return [statements[f"policy{place}"] for place in range(len(statements))]


def _place(rule: _Rule) -> int:
    return rule.place


def _denied(rule: _Rule) -> Denied:
    return Denied(rule.policy.name, rule.policy.version, rule.reason)
