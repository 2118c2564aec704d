"""What YAML and JSON become, and what is refused before anything is made of it."""

import json
from collections.abc import Iterator

import pytest

from publishing.validation.findings import DocumentUnusable, Mode
from publishing.validation.json_pointer import follow, tokens_of
from publishing.validation.json_value import DEFAULT_BOUNDS, Bounds, Json
from publishing.validation.line_finder import lines_of
from publishing.validation.official_schemas import BundledSchemas
from publishing.validation.parsing import parse_document, text_of
from publishing.validation.rules import Judge, judge_document
from publishing.validation.schema_layer import clean

START = "openapi: 3.1.0\ninfo: {title: x, version: 1.0.0}\npaths: {}\n"


def read(text: str, content_type: str = "", bounds: Bounds = DEFAULT_BOUNDS) -> Json:
    return parse_document(text, content_type, bounds).document


def remarks(text: str) -> set[str]:
    parsed = parse_document(text, "", DEFAULT_BOUNDS)
    return {violation.code for violation in clean(parsed, DEFAULT_BOUNDS)}


def refusal(text: str, bounds: Bounds = DEFAULT_BOUNDS, content_type: str = "") -> str:
    with pytest.raises(DocumentUnusable) as caught:
        clean(parse_document(text, content_type, bounds), bounds)
    return caught.value.violation.code


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2001-12-14", {"a": "2001-12-14"}),
        ("a: 2001-12-14t21:59:43.10-05:00", {"a": "2001-12-14t21:59:43.10-05:00"}),
        ("a: no", {"a": "no"}),
        ("a: on", {"a": "on"}),
        ("a: true", {"a": True}),
        ("a: ~", {"a": None}),
        ("a:", {"a": None}),
        ("a: 012", {"a": 12}),
        ("a: 0x1F", {"a": 31}),
        ("a: 1e3", {"a": 1000.0}),
        ("a: -1.5", {"a": -1.5}),
        ("a: '1'", {"a": "1"}),
        ("a: !!str 1", {"a": "1"}),
        ("a: 1:30", {"a": "1:30"}),
        ("200: a\ntrue: b\nnull: c\n1.5: d", {"200": "a", "true": "b", "null": "c", "1.5": "d"}),
        ("2001-01-01: a", {"2001-01-01": "a"}),
        ("b: &b {x: 1, y: 2}\na: {<<: *b, x: 3}", {"b": {"x": 1, "y": 2}, "a": {"x": 3, "y": 2}}),
        ("b: &b [1]\na: *b", {"b": [1], "a": [1]}),
        ('{"a": [1, {"b": null}]}', {"a": [1, {"b": None}]}),
        ("{a: 1}", {"a": 1}),
    ],
)
def test_values_are_read_as_json_would_say_them(text: str, value: Json) -> None:
    assert read(text) == value


def test_a_content_type_of_json_means_json() -> None:
    assert refusal("a: 1", content_type="application/json") == "not_json"
    assert read('{"a": 1}', "application/yaml; charset=utf-8") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2", "doubled_key"),
        ('{"a": 1, "a": 2}', "doubled_key"),
        ("a: 1\n---\nb: 2", "several_documents"),
        ("a: !!python/object/apply:os.system [ls]", "yaml_tag_ignored"),
        ("a: !!binary aGk=", "yaml_tag_ignored"),
        ('{"a": NaN}', "not_a_number"),
        ('{"a": [1e999]}', "not_a_number"),
        ("a: .inf", "not_a_number"),
        ("a: " + "9" * 5000, "not_a_number"),
        ('{"a": ' + "9" * 5000 + "}", "not_a_number"),
        ('{"a": "\\ud800"}', "lone_surrogate"),
        ('{"\\udfff": 1}', "lone_surrogate"),
    ],
)
def test_what_json_cannot_carry_is_remarked(text: str, code: str) -> None:
    assert code in remarks(text)


def test_cleaning_leaves_only_what_json_can_carry() -> None:
    parsed = parse_document('{"a": NaN, "\\ud800": ["\\udfff", 1e999]}', "", DEFAULT_BOUNDS)
    clean(parsed, DEFAULT_BOUNDS)
    json.dumps(parsed.document, allow_nan=False, ensure_ascii=False).encode()


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30)
)
MERGE_BOMB = "a0: &a0 {x: y}\n" + "".join(
    f"a{level}: &a{level}\n  <<: [*a{level - 1}, *a{level - 1}]\n  k: *a{level - 1}\n" for level in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (BOMB, "alias_bomb"),
        (MERGE_BOMB, "alias_bomb"),
        ("a: &a [*a]", "recursive_alias"),
        ("a: *nothing", "recursive_alias"),
        ("? [a, b]\n: 1", "unusable_key"),
        ("a: &k {b: 1}\n*k : 2", "unusable_key"),
        ("? " * 20_000, "unusable_key"),
        ("[" * 20_000, "too_deep"),
        ("- " * 20_000 + "a", "too_deep"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "too_deep"),
        ('{"a":' * 200 + "1" + "}" * 200, "too_deep"),
        ("a: \x00", "not_yaml"),
    ],
)
def test_what_could_exhaust_the_reader_is_refused(text: str, code: str) -> None:
    assert refusal(text) == code


def test_the_number_of_values_is_bounded_in_json_and_yaml() -> None:
    few = Bounds(max_nodes=10)
    assert refusal(json.dumps(list(range(11))), few) == "too_many_values"
    assert refusal("\n".join(f"k{index}: 1" for index in range(11)), few) == "too_many_values"
    assert read("\n".join(f"k{index}: 1" for index in range(9)), bounds=few)


def test_a_byte_order_mark_is_no_part_of_the_document() -> None:
    assert text_of(b"\xef\xbb\xbf{}") == "{}"


def test_lines_are_those_of_the_key() -> None:
    text = "a:\n  - x\n  - b/c: 1\n    d~e:\n      f: 2\n"
    found = lines_of(text, {"/a", "/a/1/b~1c", "/a/1/d~0e/f", "/a/1/d~0e/absent"})
    assert found == {"/a": 1, "/a/1/b~1c": 3, "/a/1/d~0e/f": 5, "/a/1/d~0e/absent": 4}


def test_a_text_that_cannot_be_placed_has_no_lines() -> None:
    assert lines_of('{"a": "\\ud800", "b": 1}', {"/b"}) == {}


JUDGE = Judge(BundledSchemas())
WHOLE: Json = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "servers": [{"url": "https://{a}.b", "variables": {"a": {"default": "c"}}}],
    "tags": [{"name": "t"}],
    "security": [{"k": []}],
    "paths": {
        "/a/{b}": {
            "parameters": [{"name": "b", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"operationId": "g", "responses": {"200": {"description": "d", "content": {"a/b": {}}}}},
        }
    },
    "components": {"schemas": {"A": {"allOf": [{"$ref": "#/components/schemas/A"}], "default": {"a": 1}, "enum": []}}},
}
WRONG: list[Json] = [None, True, 0, -1.5, "", "\x00", "#/", "http://[", [], [[]], {}, {"$ref": "#"}, {"$ref": 3}]


def damaged(value: Json, wrong: Json) -> Iterator[Json]:
    """The value with each of its parts in turn replaced by the wrong one."""
    yield wrong
    if isinstance(value, dict):
        for key, member in value.items():
            yield from ({**value, key: broken} for broken in damaged(member, wrong))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from ([*value[:index], broken, *value[index + 1 :]] for broken in damaged(member, wrong))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_no_damage_to_a_document_raises(wrong: Json, mode: Mode) -> None:
    for whole in damaged(WHOLE, wrong):
        report = judge_document(json.dumps(whole).encode(), "", mode, JUDGE)
        for finding in report.findings:
            follow(whole, tokens_of(finding.pointer))
