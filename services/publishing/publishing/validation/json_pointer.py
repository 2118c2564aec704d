"""RFC 6901 JSON pointers: written from a location, read back into keys, followed in a document."""

from urllib.parse import unquote

from publishing.validation.json_value import Json, Where

MAX_POINTER = 2_000


class NotThere(LookupError):
    """The pointer leads nowhere in this document."""


def keys_of(where: Where) -> list[str | int]:
    """The keys from the document down to the value."""
    keys: list[str | int] = []
    while where is not None:
        keys.append(where.key)
        where = where.parent
    keys.reverse()
    return keys


def pointer_to(where: Where) -> str:
    """The pointer; where it would be absurdly long, that of the nearest ancestor that is not."""
    pointer = ""
    for key in keys_of(where):
        longer = f"{pointer}/{escape(key)}"
        if len(longer) > MAX_POINTER:
            return pointer
        pointer = longer
    return pointer


def escape(key: str | int) -> str:
    """One key as a reference token."""
    return str(key).replace("~", "~0").replace("/", "~1")


def tokens_of(pointer: str) -> list[str]:
    """The reference tokens of a pointer, unescaped."""
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def tokens_of_fragment(fragment: str) -> list[str]:
    """The reference tokens of a pointer written as a URI fragment, as in a `$ref`."""
    return tokens_of(unquote(fragment))


def follow(document: Json, tokens: list[str]) -> Json:
    """The value at the end of the tokens; NotThere when there is none."""
    value = document
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isascii() and token.isdigit() and len(token) < 8:
            value = _item(value, int(token))
        else:
            raise NotThere
    return value


def _item(values: list[Json], index: int) -> Json:
    if index >= len(values):
        raise NotThere
    return values[index]
