"""Options that belong together: a frozen dataclass as one parameter of a command, spread out for typer."""

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints


class OptionGroup:
    """Marks a dataclass whose fields are annotated typer options, each with a default."""


def spread(function: Callable[..., None]) -> Callable[..., None]:
    """The command with each group among its parameters replaced by the group's fields."""
    signature = inspect.signature(function, eval_str=True)
    groups = {
        name: parameter.annotation
        for name, parameter in signature.parameters.items()
        if isinstance(parameter.annotation, type) and issubclass(parameter.annotation, OptionGroup)
    }

    @functools.wraps(function)
    def gathered(**values: Any) -> None:
        made = {
            name: group(**{one.name: values.pop(one.name) for one in _fields(group)}) for name, group in groups.items()
        }
        function(**values, **made)

    parameters = [
        one
        for name, parameter in signature.parameters.items()
        for one in (_parameters(groups[name]) if name in groups else [parameter])
    ]
    plain = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
    vars(gathered)["__signature__"] = signature.replace(parameters=plain)
    gathered.__annotations__ = {parameter.name: parameter.annotation for parameter in plain}
    return gathered


def _parameters(group: type[OptionGroup]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for one in _fields(group):
        default = one.default if one.default is not MISSING else one.default_factory()  # type: ignore[misc]
        yield inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[one.name])


def _fields(group: type[OptionGroup]) -> tuple[Field[Any], ...]:
    return fields(group)  # pyright: ignore[reportArgumentType]
