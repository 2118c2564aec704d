"""JSON text as a column of type jsonb takes it."""

import json

import pytest

from chassis.database.jsonb import jsonb_text


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({r"^[^\u0000]*$": "a\x00b"}, {r"^[^\u0000]*$": "a?b"}),
        ({"a\x00b": ["\x00\x00", "\\\x00", r"\\u0000"]}, {"a?b": ["??", "\\?", r"\\u0000"]}),
        ("\ud800 and \udc00", "? and ?"),
        ('\U0001f600 \n " \\ \x01', '\U0001f600 \n " \\ \x01'),
        ([None, True, 1.5, "?"], [None, True, 1.5, "?"]),
    ],
)
def test_what_postgresql_cannot_hold_is_a_question_mark_and_all_else_stays(value: object, kept: object) -> None:
    assert json.loads(jsonb_text(value)) == kept
