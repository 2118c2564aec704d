"""Refuses a query that gives one value twice: which of them counts, two programs on the way may see differently."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel

from chassis.errors import InvalidInput

_SEQUENCES = (list, tuple, set, frozenset)


async def refuse_repeated_values(request: Request) -> None:
    """A dependency for whole applications. Raises InvalidInput; a parameter that is a list may be repeated."""
    route: Any = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    counts = Counter(name for name, _ in request.query_params.multi_items())
    repeated = {name for name, count in counts.items() if count > 1}
    refused = sorted(repeated.intersection(_singles_of(route.dependant))) if repeated else []
    if refused:
        raise InvalidInput(f"Give {', '.join(refused)} once.", pointer=f"/query/{refused[0]}")


def _singles_of(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield from (name for name, annotation in _named(field) if not _takes_several(annotation))
    for deeper in dependant.dependencies:
        yield from _singles_of(deeper)


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
