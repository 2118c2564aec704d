"""The paths of the call door, and what each asks for."""

from dataclasses import dataclass

from dataplane.refusals import MethodNotAllowed, PathNotFound
from dataplane.wire_formats.openai.requests import Operation

_OPERATIONS: dict[str, Operation] = {
    "/v1/chat/completions": "chat/completions",
    "/v1/completions": "completions",
    "/v1/embeddings": "embeddings",
}
_MODELS = "/v1/models"
_CONSUME = "/api/v1/consume/"


@dataclass(frozen=True, slots=True)
class Call:
    """A call: an operation of OpenAI's, or a listing by the path whose operation the body tells."""

    operation: Operation | None
    listing: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Models:
    """The list of models."""


@dataclass(frozen=True, slots=True)
class OneModel:
    """One model by id."""

    model: str
    version: str = ""


Asked = Call | Models | OneModel


def owns(path: str) -> bool:
    """Whether a path belongs to this door."""
    plain = path.removeprefix("/api") if path.startswith("/api/v1/") else path
    return plain in _OPERATIONS or plain == _MODELS or plain.startswith(_MODELS + "/") or path.startswith(_CONSUME)


def asked(method: str, path: str) -> Asked:
    """What a request asks for; raises PathNotFound or MethodNotAllowed."""
    if not owns(path):
        raise PathNotFound(f"No such path: {path[:200]}. See /v1/models, /v1/chat/completions, /api/v1/consume/...")
    what = _asked(path)
    right = "POST" if isinstance(what, Call) else "GET"
    if method != right:
        raise MethodNotAllowed(f"This path takes {right}, not {method[:20]}.", allow=right)
    return what


def _asked(path: str) -> Asked:
    if path.startswith(_CONSUME):
        return Call(None, *_name_and_version(path[len(_CONSUME) :]))
    plain = path.removeprefix("/api")
    if plain in _OPERATIONS:
        return Call(_OPERATIONS[plain])
    rest = plain[len(_MODELS) + 1 :]
    return OneModel(*_name_and_version(rest)) if rest else Models()


def _name_and_version(text: str) -> tuple[str, str]:
    name, at, version = text.rpartition("@")
    return (name, version) if at and name else (text, "")
