"""Layer four, what an organisation demands of every document: a list of its own rules."""

from collections.abc import Callable, Iterable, Iterator

from publishing.validation.findings import Violation
from publishing.validation.json_value import JsonObject

OrganisationRule = Callable[[JsonObject], Iterable[Violation]]

NO_RULES: tuple[OrganisationRule, ...] = ()


def check_policy(document: JsonObject, rules: tuple[OrganisationRule, ...] = NO_RULES) -> Iterator[Violation]:
    """What the organisation's rules object to, rule by rule."""
    for rule in rules:
        yield from rule(document)
