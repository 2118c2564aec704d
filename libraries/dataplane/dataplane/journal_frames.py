"""The journal's bytes: frames of length, CRC-32, incarnation and a MessagePack record.

A frame cut short at the end of a file is a torn tail and is ignored; a damaged frame before the end is corruption and
is reported, because what follows it cannot be trusted to be whole.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from dataplane.call_records import JournalRecord

_HEADER = struct.Struct("<IIQ")
_LARGEST_FRAME = 1 << 20
_decoder = msgspec.msgpack.Decoder(JournalRecord)
_encode = msgspec.msgpack.Encoder().encode
_pack = _HEADER.pack
# What an `Opened` begins with: an array of two whose first item is its tag.
_OPENING = b"\x92\xa4open"


class JournalCorrupt(Exception):
    """A frame before the end of a journal does not hold; its leases stay charged until somebody looks."""


def frame(record: JournalRecord, incarnation: int) -> bytes:
    """One record as it is appended."""
    body = _encode(record)
    return _pack(len(body), zlib.crc32(body, incarnation & 0xFFFFFFFF), incarnation) + body


def read_frames(data: bytes, incarnation: int) -> Iterator[tuple[JournalRecord, int]]:
    """Each whole record of `data` with the offset just after it, up to the end or a torn tail."""
    for body, end in _bodies(data, incarnation):
        yield _decoder.decode(body), end


def read_ends(data: bytes, incarnation: int) -> Iterator[tuple[JournalRecord | None, int]]:
    """The same, with None for what opens a call: every second record, and none that a settlement needs."""
    for body, end in _bodies(data, incarnation):
        yield None if body.startswith(_OPENING) else _decoder.decode(body), end


def _bodies(data: bytes, incarnation: int) -> Iterator[tuple[bytes, int]]:
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, crc, writer = _HEADER.unpack_from(data, offset)
        end = offset + _HEADER.size + length
        if length <= _LARGEST_FRAME and end > len(data):
            return
        body = data[offset + _HEADER.size : end]
        if length > _LARGEST_FRAME or writer != incarnation or zlib.crc32(body, incarnation & 0xFFFFFFFF) != crc:
            if end >= len(data):
                return
            raise JournalCorrupt(f"The frame at byte {offset} of the journal of {incarnation:016x} is damaged.")
        yield body, end
        offset = end
