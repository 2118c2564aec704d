"""The journal's bytes: frames of length, CRC-32, incarnation and a MessagePack record.

A frame cut short at the end of a file is a torn tail and is ignored; a damaged frame before the end is corruption and
is reported, because what follows it cannot be trusted to be whole. Settlement sends frames as they are, so consumption
reads them here too.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import cast

import msgspec

from dataplane.brief_records import Alike, BriefRecord, Ends, EndsHead, Known, Others, in_full
from dataplane.call_records import EndRecord, JournalRecord, Opened, Released, Settled

LARGEST_FRAME = 1 << 20
_HEADER = struct.Struct("<IIQ")
_HEADER_BYTES = _HEADER.size
_encode = msgspec.msgpack.Encoder().encode
_pack = _HEADER.pack
_records = msgspec.msgpack.Decoder(JournalRecord | Ends | Others | Alike)
_ends = msgspec.msgpack.Decoder(EndRecord | Ends | Alike)
_ends_heads = msgspec.msgpack.Decoder(EndsHead)
_alike = msgspec.msgpack.Decoder(Alike)
# What records begin with, arrays whose first item is their tag. The first three move nothing on the books.
_NO_ENDS = (b"\x93\xa6others", b"\x92\xa4open", b"\x94\xa7release")
_ALIKE, _ENDS = b"\x96\xa5alike", b"\x94\xa4ends"
# What a frame may hold.
Written = JournalRecord | Ends | Others | Alike


class JournalCorrupt(Exception):
    """A frame before the end of a journal does not hold; its leases stay charged until somebody looks."""


def frame(record: Written, incarnation: int) -> bytes:
    """One record as it is appended."""
    body = _encode(record)
    return _pack(len(body), zlib.crc32(body, incarnation & 0xFFFFFFFF), incarnation) + body


def read_as_written(data: bytes, incarnation: int) -> Iterator[tuple[Written, int]]:
    """Each whole frame's record as it stands there, and where the frame ends, up to a torn tail."""
    for body, _, end in _whole_frames(data, incarnation):
        yield _records.decode(body), end


@dataclass(slots=True)
class Cut:
    """What settlement carries of some bytes of a journal: frames with so many ends, to what they refer, and where what
    was looked at ends.
    """

    frames: list[bytes] = field(default_factory=list[bytes])
    ends: int = 0
    refers_to: set[int] = field(default_factory=set[int])
    length: int = 0

    def add(self, following: "Cut") -> None:
        """Go on with the bytes that follow."""
        self.frames += following.frames
        self.ends += following.ends
        self.refers_to |= following.refers_to
        self.length += following.length


def cut_ends(data: bytes, incarnation: int, most: int, alike: dict[int, bytes]) -> Cut:
    """The frames with ends, until they hold so many; those that ends refer to are added to `alike`, by their numbers.

    No end is decoded here: who counts them does that.
    """
    cut = Cut()
    for body, start, cut.length in _whole_frames(data, incarnation):
        if body.startswith(_NO_ENDS):
            continue
        if body.startswith(_ALIKE):
            alike[_alike.decode(body).number] = data[start : cut.length]
            continue
        ends = 1
        if body.startswith(_ENDS):
            head = _ends_heads.decode(body)
            ends = head.count
            if not all(number in alike for number in head.refers_to):
                raise JournalCorrupt(f"The frame at byte {start} refers to what is not there.")
            cut.refers_to.update(head.refers_to)
        cut.frames.append(data[start : cut.length])
        cut.ends += ends
        if cut.ends >= most:
            break
    return cut


def read_ends(data: bytes, incarnation: int) -> Iterator[EndRecord]:
    """Each end of what settlement carried.

    Raises JournalCorrupt for anything but whole frames of whole ends and, before them, of what they refer to.
    """
    known: Known = {}
    whole = 0
    for body, start, end in _whole_frames(data, incarnation):
        try:
            record = _ends.decode(body)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"The frame at byte {start} holds no end: {error}") from error
        if isinstance(record, Ends):
            for one in record.ends:
                yield cast("Settled", _in_full(one, known, start))
        elif isinstance(record, Alike):
            known[record.number] = record
        else:
            yield record
        whole = end
    if whole != len(data):
        raise JournalCorrupt(f"The frame at byte {whole} is not whole.")


def _in_full(record: BriefRecord, known: Known, start: int) -> Opened | Settled | Released:
    try:
        return in_full(record, known)
    except ValueError as error:
        raise JournalCorrupt(f"The frame at byte {start} is of no use: {error}") from error


def _whole_frames(data: bytes, incarnation: int) -> Iterator[tuple[bytes, int, int]]:
    """Each frame's record in bytes, and where the frame begins and ends."""
    unpack, crc_of, seed = _HEADER.unpack_from, zlib.crc32, incarnation & 0xFFFFFFFF
    start, size = 0, len(data)
    while (begin := start + _HEADER_BYTES) <= size:
        length, crc, writer = unpack(data, start)
        end = begin + length
        body = data[begin:end]
        if end <= size and writer == incarnation and crc_of(body, seed) == crc:
            yield body, start, end
            start = end
        elif end >= size or not data[end:].strip(b"\0"):
            # After a loss of power a file may be longer than what was written to it: zeros follow.
            return
        else:
            raise JournalCorrupt(f"The frame at byte {start} of the journal of {incarnation:016x} is damaged.")
