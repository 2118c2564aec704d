"""The journal's bytes: frames of length, CRC-32, incarnation and a MessagePack record.

A frame cut short at the end of a file is a torn tail and is ignored; a damaged frame before the end is corruption and
is reported, because what follows it cannot be trusted to be whole. Settlement sends frames as they are, so consumption
reads them here too.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from dataplane.call_records import EndRecord, JournalRecord

LARGEST_FRAME = 1 << 20
_HEADER = struct.Struct("<IIQ")
_HEADER_BYTES = _HEADER.size
_encode = msgspec.msgpack.Encoder().encode
_pack = _HEADER.pack
_records = msgspec.msgpack.Decoder(JournalRecord)
_ends = msgspec.msgpack.Decoder(EndRecord)
# What an `Opened` and a `Released` begin with, arrays whose first item is their tag: these move nothing on the books.
_NO_ENDS = (b"\x92\xa4open", b"\x94\xa7release")


class JournalCorrupt(Exception):
    """A frame before the end of a journal does not hold; its leases stay charged until somebody looks."""


def frame(record: JournalRecord, incarnation: int) -> bytes:
    """One record as it is appended."""
    body = _encode(record)
    return _pack(len(body), zlib.crc32(body, incarnation & 0xFFFFFFFF), incarnation) + body


def read_frames(data: bytes, incarnation: int) -> Iterator[tuple[JournalRecord, int]]:
    """Each whole record of `data` with the offset just after it, up to the end or a torn tail."""
    for body, _, end in _whole_frames(data, incarnation):
        yield _records.decode(body), end


def cut_ends(data: bytes, incarnation: int, most: int) -> tuple[list[bytes], int]:
    """The whole frames of `data` that settlement carries, up to so many, and where what was looked at ends.

    Nothing is decoded here: who counts them does that.
    """
    ends: list[bytes] = []
    end = 0
    for body, start, end in _whole_frames(data, incarnation):
        if not body.startswith(_NO_ENDS):
            ends.append(data[start:end])
            if len(ends) == most:
                break
    return ends, end


def read_ends(data: bytes, incarnation: int) -> Iterator[EndRecord]:
    """Each record of what settlement carried; raises JournalCorrupt for anything but whole frames of whole ends."""
    whole = 0
    for body, start, end in _whole_frames(data, incarnation):
        try:
            yield _ends.decode(body)
        except msgspec.MsgspecError as error:
            raise JournalCorrupt(f"The frame at byte {start} holds no end: {error}") from error
        whole = end
    if whole != len(data):
        raise JournalCorrupt(f"The frame at byte {whole} is not whole.")


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
        elif end >= size:
            return
        else:
            raise JournalCorrupt(f"The frame at byte {start} of the journal of {incarnation:016x} is damaged.")
