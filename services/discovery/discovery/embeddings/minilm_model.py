"""all-MiniLM-L6-v2 on ONNX Runtime: tokens in, mean-pooled unit vectors out. Blocking; safe from several threads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Encoding, Tokenizer

from discovery.embeddings.minilm_files import MiniLmFiles
from discovery.embeddings.ports import Vectors
from discovery.embeddings.rules import batches_by_length

DIMENSIONS = 384
# Beyond this the model was not trained; a description's first 256 tokens are about 1,200 characters.
MAX_TOKENS = 256
# Bounds the memory of one run; larger batches were slower too (256: 95 listings/s, 512: 87).
MAX_BATCH_TOKENS = 256


class MiniLmModel:
    """The loaded model: 35 MB of memory in all."""

    def __init__(self, tokenizer_file: Path, files: MiniLmFiles, threads: int) -> None:
        self._tokenizer = _tokenizer(tokenizer_file)
        self._words: npt.NDArray[np.int8] = np.load(files.words, mmap_mode="r")
        self._word_scales: Vectors = np.load(files.word_scales)
        self._positions: Vectors = np.load(files.positions)
        self._session = _session(files.graph, threads)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector per text, in order."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for batch in batches_by_length([len(encoding.ids) for encoding in encodings], MAX_BATCH_TOKENS):
            vectors[batch] = self._run([encodings[index] for index in batch])
        return vectors

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        longest = max(len(encoding.ids) for encoding in encodings)
        tokens = np.zeros((len(encodings), longest), dtype=np.int64)
        mask = np.zeros((len(encodings), longest), dtype=np.int32)
        for row, encoding in enumerate(encodings):
            tokens[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        embedded = self._words[tokens] * self._word_scales[tokens, 0, None] + self._positions[:longest]
        hidden: Vectors = self._session.run(["hidden"], {"embedded": embedded, "mask": mask})[0]
        return pooled(hidden, mask)


def pooled(hidden: Vectors, mask: npt.NDArray[np.int32]) -> Vectors:
    """The mean of the real tokens' vectors, made of length 1."""
    summed: Vectors = np.einsum("btw,bt->bw", hidden, mask.astype(np.float32))
    return summed / np.linalg.norm(summed, axis=1, keepdims=True)


def _tokenizer(tokenizer_file: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    # The packages' stubs leave keyword types open, hence Any here and below.
    cast("Any", tokenizer).enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    return tokenizer


def _session(graph: Path, threads: int) -> Any:
    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The arena keeps the largest batch's memory for ever.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    return runtime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
