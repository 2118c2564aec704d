"""Who is compared, and how each is started: one worker, no access log, retries off, its nearest mode named."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mocks import Mocks
from peers_shelf import LITELLM, PORTKEY, Shelf
from questions import KINDS, PLAIN, Way, everywhere

CHAT = "/v1/chat/completions"
_BARE_PROXY = Path(__file__).with_name("bare_proxy.py")
# It refuses a weak one.
_MASTER_KEY = "sk-Mq7-tide-2291-harbour-Lw40-northern"
_QUIET = ("PATH", "HOME", "LANG")


@dataclass(frozen=True)
class Peer:
    """A gateway: its command and environment, how it is asked, and what it does for a call. No command: not here."""

    name: str
    mode: str
    way: Way
    command: list[str] = field(default_factory=list[str])
    environment: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_here(self) -> bool:
        """Whether it can be measured."""
        return bool(self.command)


def quiet_environment(**more: str) -> dict[str, str]:
    """What every peer gets."""
    return {name: os.environ[name] for name in _QUIET if name in os.environ} | more


def direct(mocks: Mocks) -> Way:
    """Straight to the vendors, for the plain call."""
    return Way(mocks.plain_port, everywhere(CHAT), everywhere("mock-chat"))


def direct_streams(mocks: Mocks) -> Way:
    """Straight to the vendors, for streams."""
    return Way(mocks.stream_port, everywhere(CHAT), everywhere("mock-chat"))


def nginx(shelf: Shelf, mocks: Mocks, folder: Path, port: int) -> Peer:
    """The limit: it only passes bytes on."""
    program = shelf.nginx
    config = folder / "proxy.conf"
    config.write_text(_PROXY.format(folder=folder, port=port, plain=mocks.plain_port, streamed=mocks.stream_port))
    command = [str(program), "-c", str(config), "-p", str(folder)] if program else []
    return Peer("nginx", "bare", _passed_on(port), command, quiet_environment())


def event_loop(mocks: Mocks, port: int) -> Peer:
    """The limit of what is written in Python: our event loop, which passes bytes on and knows no HTTP."""
    command = [sys.executable, str(_BARE_PROXY), *map(str, (port, mocks.plain_port, mocks.stream_port))]
    return Peer("uvloop", "bytes", _passed_on(port), command, quiet_environment())


def _passed_on(port: int) -> Way:
    paths = {kind: f"/{'plain' if kind == PLAIN else 'stream'}{CHAT}" for kind in KINDS}
    return Way(port, paths, everywhere("mock-chat"))


def portkey(shelf: Shelf, mocks: Mocks, port: int) -> Peer:
    """Bare: the open source gateway keeps no keys."""
    script = shelf.portkey
    headers = {
        kind: [
            ("authorization: Bearer none", "x-portkey-provider: openai", f"x-portkey-custom-host: {_url(mocks, kind)}")
        ]
        for kind in KINDS
    }
    command = ["node", str(script), f"--port={port}", "--headless"] if script else []
    way = Way(port, everywhere(CHAT), everywhere("mock-chat"), headers)
    return Peer(f"Portkey {PORTKEY}", "bare", way, command, quiet_environment(NODE_ENV="production"))


def litellm(shelf: Shelf, mocks: Mocks, folder: Path, port: int) -> Peer:
    """With its master key; keys of its own would need a database."""
    program = shelf.litellm
    config = folder / "litellm.yaml"
    config.write_text(json.dumps(_litellm_settings(mocks)))
    command = [str(program), "--config", str(config), "--num_workers", "1", "--port", str(port), "--host", "127.0.0.1"]
    environment = quiet_environment(
        LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_LOG="ERROR", LITELLM_MODE="PRODUCTION", DISABLE_ADMIN_UI="True"
    )
    headers = {kind: [(f"authorization: Bearer {_MASTER_KEY}",)] for kind in KINDS}
    way = Way(port, everywhere(CHAT), {kind: f"mock-{kind}" for kind in KINDS}, headers)
    return Peer(f"LiteLLM {LITELLM}", "one key", way, command if program else [], environment)


def _litellm_settings(mocks: Mocks) -> dict[str, object]:
    models = [
        {
            "model_name": f"mock-{kind}",
            "litellm_params": {"model": "openai/mock-chat", "api_base": _url(mocks, kind), "api_key": "none"},
        }
        for kind in KINDS
    ]
    return {
        "model_list": models,
        "general_settings": {"master_key": _MASTER_KEY},
        "litellm_settings": {"telemetry": False, "num_retries": 0, "set_verbose": False},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def _url(mocks: Mocks, kind: str) -> str:
    return f"http://127.0.0.1:{mocks.plain_port if kind == PLAIN else mocks.stream_port}/v1"


_PROXY = """
worker_processes 1;
daemon off;
pid {folder}/proxy.pid;
error_log stderr error;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    keepalive_requests 100000000;
    upstream plain {{ server 127.0.0.1:{plain}; keepalive 256; keepalive_requests 100000000; }}
    upstream streamed {{ server 127.0.0.1:{streamed}; keepalive 1024; keepalive_requests 100000000; }}
    proxy_http_version 1.1;
    proxy_set_header connection "";
    proxy_buffering off;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location /plain/ {{ proxy_pass http://plain/; }}
        location /stream/ {{ proxy_pass http://streamed/; }}
    }}
}}
"""
