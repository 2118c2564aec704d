"""Journals of the simulation are kept in memory."""

from collections.abc import Iterator

import pytest
from simulation.memory_disk import on_memory_disks


@pytest.fixture(autouse=True)
def memory_disks() -> Iterator[None]:
    """While a test runs, the journal's system calls go to disks in memory."""
    with on_memory_disks():
        yield
