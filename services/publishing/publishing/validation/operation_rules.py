"""Rules over one operation and its path: names used once, path parameters that match, schemes that exist."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from publishing.validation.findings import Layer, Violation, Weight, shown
from publishing.validation.json_pointer import NotThere
from publishing.validation.json_value import Json, JsonObject, Location, Where
from publishing.validation.references import Circular, Outside, References
from publishing.validation.walk import METHODS, Kind, Place

_TEMPLATE = re.compile(r"\{([^{}]{1,200})\}")


@dataclass
class SeenNames:
    """What must be unique across the document."""

    operation_ids: set[str] = field(default_factory=set[str])
    path_shapes: dict[str, str] = field(default_factory=dict[str, str])


def check_operation_id(place: Place, seen: SeenNames) -> Iterator[Violation]:
    """An operationId stands once."""
    identity = place.value.get("operationId")
    if not isinstance(identity, str):
        return
    if identity in seen.operation_ids:
        yield _violation(
            "doubled_operation_id",
            Location(place.where, "operationId"),
            f"The operationId {shown(identity)!r} is used by another operation too.",
            "Give every operation an id of its own.",
        )
    seen.operation_ids.add(identity)


def check_path(place: Place, seen: SeenNames, references: References) -> Iterator[Violation]:
    """A path begins with a slash, differs from the others, and declares the parameters it names."""
    if place.within is not Kind.ROOT or place.where is None:
        return
    path = str(place.where.key)
    if _parent_key(place.where) != "paths":
        return
    if not path.startswith("/"):
        yield _violation(
            "path_without_slash",
            place.where,
            f"The path {shown(path)!r} does not begin with a slash.",
            "Add the slash.",
        )
    shape = _TEMPLATE.sub("{}", path)
    if shape in seen.path_shapes:
        yield _violation(
            "ambiguous_path",
            place.where,
            f"The path {shown(path)!r} is the same as {shown(seen.path_shapes[shape])!r} but for parameter names.",
            "Merge the two.",
        )
    seen.path_shapes[shape] = path
    named = set(_TEMPLATE.findall(path))
    shared = _path_parameters(place.value.get("parameters"), references)
    for method in METHODS:
        operation = place.value.get(method)
        if isinstance(operation, dict):
            declared = shared | _path_parameters(operation.get("parameters"), references)
            yield from _mismatches(named, declared, Location(place.where, method))


def _mismatches(named: set[str], declared: set[str], where: Where) -> Iterator[Violation]:
    for name in sorted(named - declared):
        yield _violation(
            "path_parameter_undeclared",
            where,
            f"The path names the parameter {shown(name)!r}, which the operation does not declare.",
            "Declare it with `in: path`.",
        )
    for name in sorted(declared - named):
        yield _violation(
            "path_parameter_unused",
            where,
            f"The operation declares the path parameter {shown(name)!r}, which the path does not name.",
            "Remove it, or add it to the path.",
        )


def check_parameters(place: Place, references: References) -> Iterator[Violation]:
    """No two parameters of one list share name and place."""
    parameters = place.value.get("parameters")
    seen: set[tuple[str, str]] = set()
    for index, (name, position) in _named_parameters(parameters, references):
        if (name, position) in seen:
            yield _violation(
                "doubled_parameter",
                Location(Location(place.where, "parameters"), index),
                f"The {shown(position)} parameter {shown(name)!r} is declared twice.",
                "Remove one.",
            )
        seen.add((name, position))


def check_security_names(place: Place, references: References) -> Iterator[Violation]:
    """Every security requirement names a declared scheme."""
    requirements = place.value.get("security")
    if not isinstance(requirements, list):
        return
    components = references.document.get("components")
    declared = components.get("securitySchemes") if isinstance(components, dict) else None
    known = declared if isinstance(declared, dict) else {}
    for index, requirement in enumerate(requirements):
        for name in requirement if isinstance(requirement, dict) else ():
            if name not in known:
                yield _violation(
                    "unknown_security_scheme",
                    Location(Location(Location(place.where, "security"), index), name),
                    f"The security scheme {shown(name)!r} is not declared.",
                    "Declare it under components/securitySchemes.",
                )


def _path_parameters(parameters: Json, references: References) -> set[str]:
    return {name for _, (name, position) in _named_parameters(parameters, references) if position == "path"}


def _named_parameters(parameters: Json, references: References) -> Iterator[tuple[int, tuple[str, str]]]:
    for index, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
        if not isinstance(parameter, dict):
            continue
        found = _resolved(parameter, references)
        name, position = found.get("name"), found.get("in")
        if isinstance(name, str) and isinstance(position, str):
            yield index, (name, position)


def _resolved(parameter: JsonObject, references: References) -> JsonObject:
    try:
        return references.resolved(parameter)
    except (NotThere, Outside, Circular):
        return {}


def _parent_key(where: Location) -> str | int | None:
    return where.parent.key if where.parent else None


def _violation(code: str, where: Where, message: str, fix: str) -> Violation:
    return Violation(code, Layer.OPENAPI, Weight.VIOLATION, where, message, fix)
