"""A disk in memory under the real journal: it keeps exactly what a killed process leaves in the page cache.

`DiskCalls` stands where the journal's modules have `os` and `fcntl`; `MemoryPath` where they have paths.
"""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

import msgspec
from simulation.mortality import Mortal

from dataplane import journal, journal_folder, journal_reader

T = TypeVar("T")


@dataclass
class OpenFile:
    """A descriptor of one process."""

    disk: "MemoryDisk"
    name: str
    locks: bool = False


@dataclass
class MemoryDisk:
    """Files by their whole name; `full` refuses every byte more. `appended` hears of what journals got."""

    dice: Random
    appended: Callable[[str, bytes], None]
    owner: Callable[[], Mortal | None]
    full: bool = False
    files: dict[str, bytearray] = field(default_factory=dict[str, bytearray])
    folders: set[str] = field(default_factory=set[str])
    locked: dict[str, int] = field(default_factory=dict[str, int])

    def effect(self, name: str, deed: Callable[[float], T]) -> T:
        """Done by whichever process runs now, which may die of it."""
        owner = self.owner()
        return deed(1.0) if owner is None else owner.effect(name, deed)

    def append(self, name: str, data: bytes) -> int:
        """Bytes at the end of a file; fewer where the disk is full."""

        def deed(part: float) -> int:
            size = int(len(data) * part)
            if self.full:
                size = min(size, self.dice.choice((0, size // 2)))
                if not size:
                    raise OSError(errno.ENOSPC, "No space left on device")
            self.files[name] += data[:size]
            # Of a write in which its process dies the whole frames stay; what a full disk cut short is taken back.
            if size == len(data) or part < 1:
                self.appended(name, data[:size])
            return size

        return self.effect(_record_in(data), deed)

    def put(self, name: str, data: bytes) -> None:
        """A whole file, which a full disk cuts short."""

        def deed(part: float) -> None:
            self.files[name] = bytearray(b"" if self.full else data[: int(len(data) * part)])
            if self.full:
                raise OSError(errno.ENOSPC, "No space left on device")

        self.effect("position draft", deed)

    def make(self, name: str) -> None:
        """An empty file."""
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.files[name] = bytearray()

    def wipe(self) -> None:
        """The disk is lost."""
        self.files.clear()
        self.folders.clear()
        self.locked.clear()

    def inside(self, folder: str) -> list[str]:
        """The whole names of what lies in a folder, in order."""
        start, size = f"{folder}/", len(folder) + 1
        return sorted(
            name for name in (*self.files, *self.folders) if name.startswith(start) and "/" not in name[size:]
        )


def _record_in(data: bytes) -> str:
    """What kind of records a write to a journal holds."""
    kinds: set[str] = set()
    start = 0
    while start < len(data):
        end = start + 16 + int.from_bytes(data[start : start + 4], "little")
        tag, *lists = msgspec.msgpack.decode(data[start + 16 : end])
        if tag == "others":
            kinds.update(kind for kind, records in zip(("open", "release"), lists, strict=True) if records)
        elif tag != "alike":
            kinds.add("settle" if tag == "ends" else tag)
        start = end
    return f"write {kinds.pop() if len(kinds) == 1 else 'several' if kinds else 'segment'}"


@dataclass(frozen=True)
class MemoryPath:
    """The part of a path's interface that the journal uses."""

    disk: MemoryDisk
    whole: str

    def __truediv__(self, name: str) -> "MemoryPath":
        return MemoryPath(self.disk, f"{self.whole}/{name}")

    def __lt__(self, other: "MemoryPath") -> bool:
        return self.whole < other.whole

    @property
    def name(self) -> str:
        return self.whole.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return self.name.partition(".")[0]

    @property
    def parent(self) -> "MemoryPath":
        return MemoryPath(self.disk, self.whole.rpartition("/")[0])

    def exists(self) -> bool:
        return self.whole in self.disk.files or self.whole in self.disk.folders

    def is_dir(self) -> bool:
        return self.whole in self.disk.folders

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if self.whole in self.disk.folders and not exist_ok:
            raise FileExistsError(self.whole)
        self.disk.folders.add(self.whole)

    def iterdir(self) -> Iterator["MemoryPath"]:
        return iter([MemoryPath(self.disk, name) for name in self.disk.inside(self.whole)])

    def glob(self, pattern: str) -> Iterator["MemoryPath"]:
        ending = pattern.lstrip("*")
        return iter([MemoryPath(self.disk, name) for name in self.disk.inside(self.whole) if name.endswith(ending)])

    def read_bytes(self) -> bytes:
        return bytes(self._file())

    def open(self, mode: str) -> "Reading":
        return Reading(self._file())

    def write_bytes(self, data: bytes) -> int:
        self.disk.put(self.whole, data)
        return len(data)

    def replace(self, target: "MemoryPath") -> None:
        def deed(_: float) -> None:
            self.disk.files[target.whole] = self.disk.files.pop(self.whole)

        self.disk.effect("move position", deed)

    def unlink(self) -> None:
        self.disk.effect(f"unlink {self.name.rpartition('.')[2]}", lambda _: self.disk.files.pop(self.whole))

    def rmdir(self) -> None:
        self.disk.effect("unlink folder", lambda _: self.disk.folders.discard(self.whole))

    def _file(self) -> bytearray:
        found = self.disk.files.get(self.whole)
        if found is None:
            raise FileNotFoundError(self.whole)
        return found


class Reading:
    """A file open for reading."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self._at = 0

    def __enter__(self) -> "Reading":
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is to be closed."""

    def seek(self, at: int) -> None:
        self._at = at

    def read(self, most: int) -> bytes:
        return bytes(self._data[self._at : self._at + most])


class DiskCalls:
    """The system calls that the journal makes, on disks in memory; a killed process's descriptors are closed."""

    O_WRONLY, O_CREAT, O_EXCL, O_APPEND, O_RDWR = os.O_WRONLY, os.O_CREAT, os.O_EXCL, os.O_APPEND, os.O_RDWR
    LOCK_EX, LOCK_NB = 2, 4

    def __init__(self) -> None:
        self._open: dict[int, OpenFile] = {}
        self._next = 3

    def open(self, path: MemoryPath, flags: int, mode: int = 0o777) -> int:
        disk, name = path.disk, path.whole
        if name not in disk.files:
            disk.effect("make file", lambda _: disk.make(name))
        elif flags & self.O_EXCL:
            raise FileExistsError(name)
        self._next += 1
        descriptor = self._next
        self._open[descriptor] = OpenFile(disk, name)
        owner = disk.owner()
        if owner is not None:
            owner.buried.append(lambda: self.close(descriptor))
        return descriptor

    def write(self, descriptor: int, data: bytes) -> int:
        if descriptor not in self._open:
            raise OSError(errno.EBADF, "Bad file descriptor")
        file = self._open[descriptor]
        return file.disk.append(file.name, data)

    def ftruncate(self, descriptor: int, length: int) -> None:
        file = self._open[descriptor]
        file.disk.effect("truncate", lambda _: file.disk.files[file.name].__delitem__(slice(length, None)))

    def close(self, descriptor: int) -> None:
        file = self._open.pop(descriptor, None)
        if file is not None and file.disk.locked.get(file.name) == descriptor:
            del file.disk.locked[file.name]

    def flock(self, descriptor: int, how: int) -> None:
        file = self._open[descriptor]
        if file.disk.locked.setdefault(file.name, descriptor) != descriptor:
            raise BlockingIOError(file.name)


@contextmanager
def on_memory_disks() -> Iterator[None]:
    """While it lasts, journals are kept on disks in memory."""
    calls: Any = DiskCalls()
    folder = journal_folder
    places: list[tuple[Any, str]] = [(journal, "os"), (folder, "os"), (folder, "fcntl"), (journal_reader, "os")]
    before = [getattr(module, name) for module, name in places]
    for module, name in places:
        setattr(module, name, calls)
    try:
        yield
    finally:
        for (module, name), real in zip(places, before, strict=True):
            setattr(module, name, real)
