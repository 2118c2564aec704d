"""Prepares a development machine once: a publisher, the demo provider published for real, a key to call it with."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fleet.access_file import Access, read_access, write_access
from fleet.demo_publication import Demo, make_demo
from fleet.environment import ADMIN_EMAIL, PUBLISHER_EMAIL
from fleet.machine import Machine, machine_of
from fleet.settings import FleetSettings

# Gets what is known so far; returns the published demo with a key, both made over the public API.
DemoMaker = Callable[[Access, Machine], Demo]


def main(settings: FleetSettings) -> int:
    """The exit code of `python -m fleet develop`; the gateway must be ready."""
    machine = machine_of(settings)
    prepare(machine.folder.access, machine, make_demo)
    return 0


def prepare(path: Path, machine: Machine, maker: DemoMaker) -> Access:
    """The access of this machine: what was written before, or made and written now. May be repeated."""
    plain = Access(
        gateway=machine.ports.url("gateway.http"),
        admin_email=ADMIN_EMAIL,
        admin_password=machine.secrets["admin_password"],
        publisher_email=PUBLISHER_EMAIL,
        publisher_password=machine.secrets["publisher_password"],
        demo_key="",
        demo_model="",
    )
    before = read_access(path)
    if before is not None and before.demo_key:
        access = replace(plain, demo_key=before.demo_key, demo_model=before.demo_model)
    else:
        demo = maker(plain, machine)
        access = replace(plain, demo_key=demo.key, demo_model=demo.model)
    if access != before:
        write_access(path, access)
    return access
