"""Logs stay bounded."""

import shutil
from pathlib import Path

import pytest

from fleet.child_process import last_lines, open_log
from fleet.rotation import rotate


def test_a_large_log_moves_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    with open_log(log) as writer:
        writer.write(b"old\n" * 100)
        writer.flush()
        rotate(log, largest_bytes=10)
        writer.write(b"new\n")
    assert log.read_bytes() == b"new\n"
    assert log.with_suffix(".log.1").read_bytes() == b"old\n" * 100


def test_a_small_or_missing_log_stays_as_it_is(tmp_path: Path) -> None:
    rotate(tmp_path / "none.log")
    log = tmp_path / "part.log"
    log.write_bytes(b"line\n")
    rotate(log)
    assert log.read_bytes() == b"line\n"
    assert list(tmp_path.iterdir()) == [log]


def test_the_last_lines_skip_empty_ones(tmp_path: Path) -> None:
    log = tmp_path / "part.log"
    log.write_text("one\ntwo\n\nthree\n\n")
    assert last_lines(log, 2) == ["two", "three"]
    assert last_lines(tmp_path / "none.log") == []


def test_a_disk_without_room_for_a_second_piece_leaves_the_log_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "gateway.log"
    log.write_bytes(b"x" * 20)

    def no_room(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", no_room)
    rotate(log, largest_bytes=10)
    assert log.read_bytes() == b"x" * 20
