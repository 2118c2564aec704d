"""What a fleet says of itself, read from outside."""

import json
import os
from pathlib import Path

from fleet.data_folder import DataFolder
from fleet.part import Part
from fleet.part_state import PartState, State
from fleet.status import read_status, write_state
from fleet.status_page import lines_of


def test_the_state_of_a_running_fleet_is_read_with_memory_and_log(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    folder.log("door").write_text("listening\n")
    state = PartState("door", State.READY, pid=os.getpid(), started_at=0.0)
    with folder.held():
        write_state(folder, [Part("door", [], ports=[80])], [state])
        status = read_status(tmp_path)
        (door,) = status.parts
        assert (status.running, door.state, door.ports, door.log_lines) == (True, "ready", [80], ["listening"])
        assert door.memory_bytes
        assert door.uptime_seconds
        assert "listening" in lines_of(status)[1]
    assert read_status(tmp_path).parts[0].state == "stopped"
    assert not read_status(tmp_path).running


def test_a_fleet_that_has_said_nothing_yet_is_not_taken_for_the_one_before(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    rows = [{"name": "door", "state": "ready"}]
    folder.state.write_text(json.dumps({"pid": os.getpid() + 1, "parts": rows}))
    with folder.held():
        assert read_status(tmp_path).parts == []


def test_an_empty_folder_says_how_to_start(tmp_path: Path) -> None:
    status = read_status(tmp_path)
    assert (status.running, status.memory_bytes, list(status.parts)) == (False, None, [])
    assert "marketplace up" in lines_of(status)[0]
