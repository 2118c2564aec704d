"""Splices into a caller's bytes: nothing else changes, and no two readers can disagree on what they say."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataplane.json_members import JsonMembers, NotAnObject, spliced

# Forty objects of at most four members of at most six leaves: what is larger repeats what these have.
_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4) | st.just("model"), inner, max_size=2)
    ),
    max_leaves=6,
)
_objects = st.dictionaries(st.text(max_size=6) | st.sampled_from(["model", 'a"b', "\\"]), _values, max_size=4)


def _written(value: dict[str, Any], ascii_only: bool, indent: int | None, sep: str) -> bytes:
    return json.dumps(
        value, ensure_ascii=ascii_only, indent=indent, separators=(f"{sep},{sep}", f"{sep}:{sep}")
    ).encode(errors="surrogatepass")


@settings(max_examples=40)
@given(_objects, st.booleans(), st.sampled_from([None, 0, 2]), st.sampled_from(["", " ", "\t\r\n"]))
def test_a_splice_changes_one_member_and_leaves_every_other_byte(
    value: dict[str, Any], ascii_only: bool, indent: int | None, sep: str
) -> None:
    body = _written(value, ascii_only, indent, sep)
    try:
        members = JsonMembers(body)
    except NotAnObject:
        # Lone surrogates are no UTF-8.
        assert any("\ud800" <= letter <= "\udfff" for letter in json.dumps(value, ensure_ascii=False))
        return
    start, end, replacement = members.setting("model", b'"ours"')
    after = spliced(body, [(start, end, replacement)])
    assert json.loads(after) == {**value, "model": "ours"}
    assert after[:start] == body[:start]
    assert after[start + len(replacement) :] == body[end:]
    assert set(members.raw) == set(value)
    for name, expected in value.items():
        span = members.span(name)
        assert span is not None
        assert json.loads(body[slice(*span)]) == expected


@settings(max_examples=40)
@given(_objects, st.integers(0, 4), st.booleans(), st.sampled_from([None, 0, 2]), st.sampled_from(["", " ", "\t\r\n"]))
def test_a_member_is_replaced_or_taken_out_wherever_it_is(
    value: dict[str, Any], place: int, ascii_only: bool, indent: int | None, sep: str
) -> None:
    value = {name: item for name, item in value.items() if max(json.dumps(item, ensure_ascii=False)) < "\ud800"}
    rest = [(name, item) for name, item in value.items() if name.isascii()]
    members = JsonMembers(_written(dict([*rest[:place], ("ours", [1]), *rest[place:]]), ascii_only, indent, sep))
    first = members.setting("first", b"0")
    replaced = json.loads(spliced(members.body, [members.replacing("ours", "theirs", b"2"), first]))
    assert replaced == {"first": 0, "theirs": 2, **dict(rest)}
    if rest:
        removed = json.loads(spliced(members.body, [members.removing("ours"), first]))
        assert removed == {"first": 0, **dict(rest)}


def test_a_key_that_is_written_with_escapes_is_replaced_whole() -> None:
    members = JsonMembers(b'{"a" : "b" ,\n"\\u006furs"\t:\n7 }')
    assert spliced(members.body, [members.replacing("ours", "x", b"1")]) == b'{"a" : "b" ,\n"x":1 }'
    assert spliced(members.body, [members.removing("ours")]) == b'{"a" : "b"  }'
    assert spliced(members.body, [members.removing("a")]) == b'{\n"\\u006furs"\t:\n7 }'


@settings(max_examples=40)
@given(_objects.filter(bool), st.data())
def test_a_duplicate_key_is_refused_however_it_is_written(value: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(value)))
    escaped = '"' + "".join(f"\\u{ord(letter):04x}" for letter in name) + '"'
    if any(ord(letter) > 0xFFFF or 0xD800 <= ord(letter) <= 0xDFFF for letter in name):
        return
    again = json.dumps(data.draw(_values))
    separators = data.draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    written = json.dumps(value, separators=separators)
    for key in (escaped, json.dumps(name)):
        for body in (f"{{{key}:{again},{written[1:]}", f"{written[:-1]},{key}:{again}}}"):
            with pytest.raises(NotAnObject):
                JsonMembers(body.encode())


def test_a_member_is_found_whatever_looks_like_it_within_another() -> None:
    within = {"messages": [{"model": "inner", "content": 'say "model":"text"'}], "model": "outer"}
    for separators in ((",", ":"), (", ", ": ")):
        body = json.dumps(within, separators=separators).encode()
        members = JsonMembers(body)
        assert json.loads(spliced(body, [members.setting("model", b'"ours"')])) == {**within, "model": "ours"}
        assert members.with_value("model", b'"ours"') == spliced(body, [members.setting("model", b'"ours"')])
        assert members.span("absent") is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"a":1}{"b":2}',
        b'{"a":1,}',
        b'{"a":nul}',
        b'{"a":"\xff"}',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":1,"a":1}',
        b'{"a":12,"a":1}',
        b'{"a":1,"a":12}',
        b'{"a":"x\\",\\"b\\":1","a":"x"}',
    ],
)
def test_what_is_not_one_object_with_distinct_keys_is_refused(body: bytes) -> None:
    with pytest.raises(NotAnObject):
        JsonMembers(body)


def test_the_same_name_deeper_inside_is_left_alone() -> None:
    body = b'{"x": {"model": "inner"}, "messages": [{"model": "inner"}], "mod\\u0065l" : "outer" }'
    members = JsonMembers(body)
    assert spliced(body, [members.setting("model", b'"ours"')]) == body.replace(b'"outer"', b'"ours"')
