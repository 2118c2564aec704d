"""Refuses a query that gives one value twice, or one that nobody asks for: a misspelt filter must not be ignored.

Which of two values counts, two programs on the way may see differently.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from chassis.errors import InvalidInput

_SEQUENCES = (list, tuple, set, frozenset)


async def refuse_bent_queries(request: Request) -> None:
    """A dependency for whole applications. Raises InvalidInput; a parameter that is a list may be repeated.

    A route without parameters takes any query, as probes and browsers send.
    """
    route: Any = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    known = dict(_parameters_of(route.dependant))
    if not known:
        return
    counts = Counter(name for name, _ in request.query_params.multi_items())
    if strangers := sorted(counts.keys() - known.keys()):
        message = f"There is no parameter {strangers[0][:80]!r} here; known are {', '.join(sorted(known))}."
        raise InvalidInput(message, pointer="/query")
    if repeated := sorted(name for name, count in counts.items() if count > 1 and not known[name]):
        raise InvalidInput(f"Give {', '.join(repeated)} once.", pointer=f"/query/{repeated[0]}")


def _parameters_of(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each name, and whether it may be repeated."""
    for field in dependant.query_params:
        yield from ((name, _takes_several(annotation)) for name, annotation in _named(field))
    for deeper in dependant.dependencies:
        yield from _parameters_of(deeper)


def _named(field: Any) -> Iterator[tuple[str, Any]]:
    """The parameters of a field: itself, or those of the model that it is."""
    annotation: Any = field.field_info.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from ((part.alias or name, part.annotation) for name, part in annotation.model_fields.items())
    else:
        yield field.alias, annotation


def _takes_several(annotation: Any) -> bool:
    if annotation in _SEQUENCES or get_origin(annotation) in _SEQUENCES:
        return True
    return any(_takes_several(part) for part in get_args(annotation))
