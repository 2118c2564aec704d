"""The commands for this machine's own marketplace, and what they read from its disk."""

import json
import os
from pathlib import Path

import pytest
from fakes.gateway_stand_in import GatewayStandIn, gateway

from fleet.data_folder import DataFolder
from fleet.part import Part
from fleet.part_state import PartState, State
from fleet.status import write_state
from marketplace_cli.api_client import World
from marketplace_cli.commands.up import fleet_settings
from marketplace_cli.errors import FileRefused
from marketplace_cli.local_document import MAX_BYTES, read_source
from marketplace_cli.settings import CliSettings

__all__ = ["gateway"]


@pytest.mark.parametrize(("state", "code", "said"), [(State.READY, 0, False), (State.BACKING_OFF, 5, True)])
def test_status_shows_each_part_and_tells_scripts_whether_all_is_ready(
    gateway: GatewayStandIn, tmp_path: Path, state: State, code: int, said: bool
) -> None:
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    folder.log("door").write_text('{"level": "info", "message": "listening"}\n')
    with folder.held():
        part = PartState("door", state, pid=os.getpid(), started_at=0.0, restarts=3)
        write_state(folder, [Part("door", [], ports=[8080, 8000])], [part])
        asked = gateway.run("status", "--log-lines", "1")
        shown = gateway.run("status")
        told = json.loads(gateway.run("status", "--json").stdout)
    assert shown.exit_code == code
    for words in ("door", state.value, "8000, 8080", "MiB"):
        assert words in shown.stdout
    assert ("door: info: listening" in shown.stdout) is said
    assert "door: info: listening" in asked.stdout
    assert (told["running"], told["parts"][0]["restarts"]) == (True, 3)


def test_up_takes_the_folder_that_was_chosen_and_the_fleets_own_variables(tmp_path: Path) -> None:
    settings = fleet_settings({"FLEET_PORT_OFFSET": "100", "PATH": "/bin"}, tmp_path)
    assert settings.data_folder == tmp_path
    assert settings.ports["gateway.http"] == 8180
    assert settings.inherited == {"PATH": "/bin"}


def test_up_in_a_folder_that_cannot_be_used_is_one_line(gateway: GatewayStandIn, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    result = gateway.run("up")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_sessions_lie_where_the_shell_says() -> None:
    assert CliSettings.read({"MARKETPLACE_HOME": "/a"}).home == Path("/a")
    assert CliSettings.read({"XDG_CONFIG_HOME": "/b", "HOME": "/c"}).home == Path("/b/marketplace")
    assert CliSettings.read({"XDG_CONFIG_HOME": "relative", "HOME": "/c"}).home == Path("/c/.config/marketplace")


def test_settings_keep_secrets_out_of_what_is_printed() -> None:
    settings = CliSettings.read({"MARKETPLACE_PASSWORD": "hidden", "MARKETPLACE_API_KEY": "hidden"})
    assert "hidden" not in repr(settings)


def test_a_document_that_is_too_large_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "large.json"
    file.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(FileRefused):
        read_source(str(file), World())
    with pytest.raises(FileRefused):
        read_source(str(tmp_path), World())
