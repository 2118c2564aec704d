"""The small rules below the commands: events, texts, times, loading on demand."""

import subprocess
import sys

import pytest
from fakes.gateway_stand_in import GatewayStandIn, gateway

from marketplace_cli.commands.status import said_in
from marketplace_cli.errors import UsageRefused
from marketplace_cli.moments import utc_text
from marketplace_cli.plain_text import count, cut_at_word, dollars, harmless, moment, one_line
from marketplace_cli.server_sent_events import Event, events_of, lines_of

__all__ = ["gateway"]


def test_events_comments_and_lines_of_data_are_told_apart() -> None:
    lines = [": hello", "", "event: run", "data: {", "data:}", "", "data: [DONE]", "", "id: 3", ""]
    assert list(events_of(lines)) == [Event(comment="hello"), Event("run", "{\n}"), Event("message", "[DONE]")]


def test_an_event_that_is_cut_off_is_left_out() -> None:
    assert list(events_of(["data: {"])) == []


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_end_where_the_standard_says_wherever_the_stream_is_cut(newline: str) -> None:
    lines = ["data: a\u2028b\u2029c\u0085d\x0be\x0cf\x1cg", "", "data: \u00e9\U0001f600", "", ": the bill"]
    stream = newline.join(lines).encode()
    for cut in range(len(stream) + 1):
        assert list(lines_of([stream[:cut], stream[cut:]])) == lines
    assert list(lines_of(stream[place : place + 1] for place in range(len(stream)))) == lines
    assert list(lines_of([f"data: x{newline}{newline}".encode()])) == ["data: x", ""]


def test_a_line_comes_as_soon_as_it_has_ended() -> None:
    pieces = iter([b"data: x\n\nda", b"ta: y"])
    lines = lines_of(pieces)
    assert [next(lines), next(lines)] == ["data: x", ""]
    assert next(pieces) == b"ta: y"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "unknown"), ("0", "$0"), ("0.15", "$0.15"), ("0.6", "$0.60"), ("0.000026400", "$0.0000264"),
        ("1E-9", "$0.000000001"), ("nonsense", "nonsense"),
    ],
)  # fmt: skip
def test_money_keeps_every_digit_that_says_something(value: str | None, shown: str) -> None:
    assert dollars(value) == shown


def test_text_from_elsewhere_is_made_harmless() -> None:
    assert harmless("a\x1b[2Jb\x07\u202e\n\tc") == "a\ufffd[2Jb\ufffd\ufffd\n\tc"
    assert one_line("a\n  b" + "c" * 300, 10) == "a bcccc..."
    assert one_line(["a", "b"]) == "a, b"
    assert one_line(None) == one_line([]) == one_line("") == "-"
    assert one_line(0) == "0"


def test_numbers_and_times_are_written_for_people() -> None:
    assert (count(1234567), count(None)) == ("1,234,567", "-")
    assert moment("2026-01-02T03:04:05.678901Z") == "2026-01-02 03:04:05"
    assert moment("soon") == "soon"


def test_a_time_without_a_zone_is_utc() -> None:
    assert utc_text("2027-01-01", "--to") == "2027-01-01T00:00:00+00:00"
    assert utc_text("2027-01-01T00:00:00+02:00", "--to") == "2027-01-01T00:00:00+02:00"
    assert utc_text(None, "--to") is None


@pytest.mark.parametrize("typed", ["", "soon", "30.06.2027", "2027-13-01"])
def test_a_time_in_another_format_names_the_option_and_the_format(typed: str) -> None:
    with pytest.raises(UsageRefused, match=r"--sunset.*2027-06-30"):
        utc_text(typed, "--sunset")


def test_a_text_is_cut_between_words() -> None:
    assert cut_at_word("one two three", 13) == "one two three"
    assert cut_at_word("one two three", 12) == "one two ..."
    assert cut_at_word("x" * 20, 10) == "xxxxxxxx ..."


def test_the_last_words_of_a_part_are_its_message() -> None:
    assert said_in('{"level": "error", "message": "no room", "time": "x"}') == "error: no room"
    assert said_in("plain words") == "plain words"
    assert said_in("[1]") == "[1]"


def test_the_way_in_loads_neither_commands_nor_what_they_need() -> None:
    heavy = "{'httpx', 'rich', 'yaml', 'marketplace_cli.commands'} & sys.modules.keys()"
    program = f"import sys, marketplace_cli.program; print({heavy})"
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout == "set()\n"


def test_a_mistyped_command_is_guessed(gateway: GatewayStandIn) -> None:
    assert "'search'" in gateway.run("serch").stderr
