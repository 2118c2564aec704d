"""Plain YAML scalars by the core schema of YAML 1.2: dates stay text, and so do yes, no, on and off."""

import re

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True,
    "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_BASED = re.compile(r"0o([0-7]+)|0x([0-9a-fA-F]+)")
_NUMBER_START = frozenset("-+.0123456789")
# Longer digits are read as a float: turning them into an int costs quadratic time.
_MAX_DIGITS = 40


def plain_value(text: str) -> Scalar:
    """The value that an unquoted scalar stands for."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    return _number(text)


def whole_number(digits: str) -> int | float:
    """An integer from decimal digits, bounded in cost."""
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _number(text: str) -> Scalar:
    if _DECIMAL.fullmatch(text):
        return whole_number(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    based = _BASED.fullmatch(text)
    if based and len(text) <= _MAX_DIGITS:
        return int(based[1], 8) if based[1] else int(based[2], 16)
    return text
