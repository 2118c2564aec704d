"""What a `$ref` leads to inside the document; nothing outside is ever fetched."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from publishing.validation.findings import Layer, Violation, Weight, shown
from publishing.validation.json_pointer import NotThere, follow, tokens_of_fragment
from publishing.validation.json_value import Json, JsonObject, Location
from publishing.validation.walk import Kind, Place

_MAX_CHAIN = 50
# Their `$ref` is a field with a meaning of its own in examples, or carries siblings that count.
_WITHOUT_REFERENCES = {Kind.ROOT, Kind.COMPONENTS}


class Outside(LookupError):
    """The reference leaves the document."""


class Circular(LookupError):
    """The reference leads back to itself without ever naming a value."""


@dataclass
class References:
    """Resolves local references; knows the anchors and ids that schemas of OpenAPI 3.1 may carry."""

    document: JsonObject
    anchors: dict[str, Json] = field(default_factory=dict[str, Json])
    embedded: dict[str, JsonObject] = field(default_factory=dict[str, JsonObject])

    def learn(self, place: Place) -> None:
        """Note the anchors and the id of a schema."""
        for keyword in ("$anchor", "$dynamicAnchor"):
            name = place.value.get(keyword)
            if isinstance(name, str):
                self.anchors[name] = place.value
        identity = place.value.get("$id")
        if isinstance(identity, str):
            self.embedded[identity.rstrip("#")] = place.value

    def target(self, reference: str) -> Json:
        """One step: NotThere, or Outside when only a fetch could tell."""
        base, _, fragment = reference.partition("#")
        if base and base not in self.embedded:
            raise Outside
        if fragment and not fragment.startswith("/"):
            return self._anchored(fragment)
        roots = [self.embedded[base]] if base else [self.document, *self.embedded.values()]
        tokens = tokens_of_fragment(fragment)
        for root in roots[:_MAX_CHAIN]:
            try:
                return follow(root, tokens)
            except NotThere:
                continue
        raise NotThere

    def _anchored(self, fragment: str) -> Json:
        if fragment not in self.anchors:
            raise NotThere
        return self.anchors[fragment]

    def resolved(self, value: JsonObject) -> JsonObject:
        """The object at the end of the chain of references; NotThere, Outside or Circular when there is none."""
        for _ in range(_MAX_CHAIN):
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            found = self.target(reference)
            if not isinstance(found, dict):
                raise NotThere
            value = found
        raise Circular


def check_reference(place: Place, references: References) -> Iterator[Violation]:
    """A reference must lead to something in this document."""
    reference = place.value.get("$ref")
    if not isinstance(reference, str) or place.kind in _WITHOUT_REFERENCES:
        return
    where = Location(place.where, "$ref")
    try:
        references.target(reference)
        if place.kind is not Kind.SCHEMA or len(place.value) == 1:
            references.resolved(place.value)
    except NotThere:
        yield _violation(
            "dangling_ref", where, f"{shown(reference)!r} leads nowhere.", "Define it, or correct the name."
        )
    except Outside:
        yield _violation(
            "remote_ref",
            where,
            f"{shown(reference)!r} lies outside this document, and nothing is fetched.",
            "Bundle the document into one file.",
        )
    except Circular:
        yield _violation(
            "circular_ref", where, "The reference leads back to itself and names nothing.", "Refer to a definition."
        )


def _violation(code: str, where: Location, message: str, fix: str) -> Violation:
    return Violation(code, Layer.OPENAPI, Weight.VIOLATION, where, message, fix)
