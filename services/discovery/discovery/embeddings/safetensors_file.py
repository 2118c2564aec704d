"""Reads a safetensors file without copying it: each tensor is a view of the mapped file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Tensors = dict[str, npt.NDArray[np.float32]]

_LENGTH_BYTES = 8


def read_tensors(path: Path) -> Tensors:
    """Every float32 tensor of the file by name; other types are left out.

    Format: 8 bytes little-endian length, a JSON header of that length, then the raw data.
    """
    raw: npt.NDArray[np.uint8] = np.memmap(path, mode="r", dtype=np.uint8)
    header_length = int.from_bytes(raw[:_LENGTH_BYTES].tobytes(), "little")
    data_start = _LENGTH_BYTES + header_length
    header: dict[str, dict[str, Any]] = json.loads(raw[_LENGTH_BYTES:data_start].tobytes())
    tensors: Tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        begin, end = entry["data_offsets"]
        view = raw[data_start + begin : data_start + end].view("<f4")
        tensors[name] = view.reshape(entry["shape"])
    return tensors
