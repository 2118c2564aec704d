"""The folder of a machine: private, held by one fleet at a time, refused with one clear line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.data_folder import DataFolder, write_private
from fleet.errors import AlreadyRunning, FolderRefused


def test_a_second_holder_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.held():
        assert folder.holder() == os.getpid()
        with pytest.raises(AlreadyRunning, match=rf"already runs .*pid {os.getpid()}"), folder.held():
            pass
    assert folder.holder() is None
    with folder.held():
        assert folder.holder() == os.getpid()


def test_the_lock_of_a_killed_fleet_does_not_hold(tmp_path: Path) -> None:
    text = (
        "import sys, time; from pathlib import Path; from fleet.data_folder import DataFolder\n"
        "with DataFolder(Path(sys.argv[1])).held(): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", text, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert DataFolder(tmp_path).holder() == other.pid
        other.kill()
    assert DataFolder(tmp_path).holder() is None


def test_a_folder_that_cannot_be_made_is_refused_with_the_next_step(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(FolderRefused, match="--data-folder"):
        DataFolder(file / "inside").prepare()


def test_a_private_file_is_replaced_whole_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
