"""The embedded Valkey on its real binary: one user with a password, and nothing for strangers."""

import os
import signal
from pathlib import Path

import pytest
import redis

from fleet.embedded_valkey import EmbeddedValkey, embedded_valkey, find_binary, require_version, version_of
from fleet.errors import EngineMissing
from fleet.one_part import running, start

PASSWORD = "a-password"


@pytest.fixture
def engine(tmp_path: Path) -> EmbeddedValkey:
    return embedded_valkey(tmp_path / "valkey", PASSWORD)


def test_its_user_can_run_scripts_but_not_administer(engine: EmbeddedValkey, tmp_path: Path) -> None:
    with running(engine.part, tmp_path / "log"), redis.Redis.from_url(engine.url()) as client:
        assert client.eval("return redis.call('INCR', KEYS[1])", 1, "n") == 1
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.config_get("*")


def test_strangers_are_refused(engine: EmbeddedValkey, tmp_path: Path) -> None:
    with (
        running(engine.part, tmp_path / "log"),
        redis.Redis(unix_socket_path=str(engine.socket)) as client,
        pytest.raises(redis.exceptions.AuthenticationError),
    ):
        client.get("n")


def test_it_starts_again_after_sigkill(engine: EmbeddedValkey, tmp_path: Path) -> None:
    process = start(engine.part, tmp_path / "log")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with running(engine.part, tmp_path / "log"), redis.Redis.from_url(engine.url(3)) as client:
        assert client.ping()


def test_an_old_server_is_refused_and_ours_is_new_enough() -> None:
    require_version(version_of(find_binary()))
    with pytest.raises(EngineMissing, match=r"8\.1\.4 is older"):
        require_version((8, 1, 4))
