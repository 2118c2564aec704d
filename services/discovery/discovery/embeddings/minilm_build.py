"""Builds the model's files once: `python -m discovery.embeddings.minilm_build <weights folder> <target folder>`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

from discovery.embeddings.minilm_files import MiniLmFiles
from discovery.embeddings.minilm_graph import build_graph, quantise_rows
from discovery.embeddings.safetensors_file import read_tensors

MAX_TOKENS = 256


def build(model_folder: Path, target: Path) -> None:
    """Writes the files beside the target and renames the folder, so that nobody ever sees half a model."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _write(model_folder, MiniLmFiles(unfinished))
        _publish(unfinished, target)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(model_folder: Path, files: MiniLmFiles) -> None:
    weights = read_tensors(model_folder / "model.safetensors")
    files.graph.write_bytes(build_graph(weights).SerializeToString())
    words, scales = quantise_rows(weights["embeddings.word_embeddings.weight"])
    np.save(files.words, words)
    np.save(files.word_scales, scales)
    positions = weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    np.save(files.positions, positions + weights["embeddings.token_type_embeddings.weight"][0])


def _publish(unfinished: Path, target: Path) -> None:
    try:
        os.rename(unfinished, target)  # noqa: PTH104
    except OSError:
        # Another process was first; its files are the same.
        if not target.is_dir():
            raise


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
