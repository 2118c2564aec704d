"""The vendors behind every gateway: nginx that returns a fixed completion, and our own program for streams."""

import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from peers_shelf import Shelf
from questions import completion

_START_SECONDS = 10.0


@dataclass(frozen=True)
class Mocks:
    """Where they listen, and their processes. `plain_by` names who answers plain calls."""

    plain_port: int
    stream_port: int
    plain_by: str
    pids: tuple[int, ...]


def talker(shelf: Shelf, folder: Path, port: int) -> list[str]:
    """The command of our own vendor, which answers both kinds."""
    answer = folder / "completion.json"
    answer.write_bytes(completion())
    return [str(shelf.traffic), "mock", "-port", str(port), "-answer", str(answer)]


@contextmanager
def vendors(shelf: Shelf, folder: Path, plain_port: int, stream_port: int) -> Generator[Mocks]:
    """Both, while the block lasts; without nginx our own program answers plain calls too."""
    program = shelf.nginx
    with ExitStack() as running:
        pids = [running.enter_context(serving(talker(shelf, folder, stream_port), stream_port))]
        if program:
            config = folder / "vendor.conf"
            config.write_text(_FIXED.format(folder=folder, port=plain_port, answer=completion().decode()))
            command = [str(program), "-c", str(config), "-p", str(folder)]
        else:
            command = talker(shelf, folder, plain_port)
        pids.append(running.enter_context(serving(command, plain_port)))
        yield Mocks(plain_port, stream_port, "nginx" if program else "our own program", tuple(pids))


@contextmanager
def serving(command: list[str], port: int) -> Generator[int]:
    """The process id of a server, once it accepts connections."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not accepts(port):
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            assert time.monotonic() < deadline, f"{command[0]} does not listen on {port}"
            time.sleep(0.02)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def accepts(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


_FIXED = """
worker_processes 1;
daemon off;
pid {folder}/vendor.pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{ default_type application/json; return 200 '{answer}'; }}
    }}
}}
"""
