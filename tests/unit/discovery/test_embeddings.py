"""MiniLM in 8 bits against the same model computed plainly from its weights, and what happens without it."""

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from discovery.embeddings import minilm_embedder
from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.minilm_embedder import MiniLmEmbedder
from discovery.embeddings.minilm_files import LAYOUT, packaged_model
from discovery.embeddings.rules import batches_by_length
from discovery.embeddings.safetensors_file import Tensors, read_tensors

TEXTS = [
    "A fast model for reading invoices",
    "Extracts the fields of bills and receipts",
    "Generates music from a melody",
    "x",
    "A long story. " * 60,
]


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built once for all tests here."""
    return tmp_path_factory.mktemp("model")


@pytest.fixture
async def embedder(data_folder: Path) -> AsyncIterator[MiniLmEmbedder]:
    opened = MiniLmEmbedder(data_folder)
    yield opened
    await opened.close()


def reference(texts: list[str]) -> np.ndarray[Any, Any]:
    """BERT as its paper says, in float32 and one text at a time."""
    weights = read_tensors(packaged_model() / "model.safetensors")
    tokenizer = Tokenizer.from_file(str(packaged_model() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return np.stack([_embedded(tokenizer.encode(text).ids, weights) for text in texts])


def _embedded(tokens: list[int], weights: Tensors) -> np.ndarray[Any, Any]:
    values = weights["embeddings.word_embeddings.weight"][tokens]
    values = values + weights["embeddings.position_embeddings.weight"][: len(tokens)]
    values = _normalised(values + weights["embeddings.token_type_embeddings.weight"][0], "embeddings", weights)
    for number in range(6):
        layer = f"encoder.layer.{number}"
        parts = [_dense(values, f"{layer}.attention.self.{part}", weights) for part in ("query", "key", "value")]
        query, key, value = (part.reshape(len(tokens), 12, 32).swapaxes(0, 1) for part in parts)
        scores = np.exp(query @ key.swapaxes(1, 2) / math.sqrt(32))
        mixed = (scores / scores.sum(axis=2, keepdims=True) @ value).swapaxes(0, 1).reshape(len(tokens), 384)
        output = f"{layer}.attention.output"
        values = _normalised(values + _dense(mixed, f"{output}.dense", weights), output, weights)
        wide = _dense(values, f"{layer}.intermediate.dense", weights)
        active = wide * 0.5 * (1 + np.vectorize(math.erf)(wide / math.sqrt(2)))
        values = _normalised(values + _dense(active, f"{layer}.output.dense", weights), f"{layer}.output", weights)
    mean = values.mean(axis=0)
    return mean / np.linalg.norm(mean)


def _dense(values: np.ndarray[Any, Any], name: str, weights: Tensors) -> np.ndarray[Any, Any]:
    return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def _normalised(values: np.ndarray[Any, Any], name: str, weights: Tensors) -> np.ndarray[Any, Any]:
    centred = values - values.mean(axis=1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
    return centred / spread * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]


@pytest.mark.slow
async def test_the_vectors_are_those_of_the_plain_model(embedder: MiniLmEmbedder) -> None:
    vectors = await embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)
    assert (vectors * reference(TEXTS)).sum(axis=1).min() > 0.998


@pytest.mark.slow
async def test_a_vector_does_not_depend_on_its_batch(embedder: MiniLmEmbedder) -> None:
    together = await embedder.embed(TEXTS)
    alone = np.concatenate([await embedder.embed([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-4
    assert (await embedder.embed([])).shape == (0, 384)


@pytest.mark.slow
async def test_it_becomes_ready_in_the_background_and_builds_its_files_once(embedder: MiniLmEmbedder) -> None:
    assert not embedder.ready
    embedder.start()
    assert not embedder.ready
    await embedder.embed(["warm"])
    assert embedder.ready
    assert embedder.failure is None


@pytest.mark.slow
async def test_a_damaged_folder_fails_with_a_reason_and_can_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / LAYOUT).mkdir()
    broken = MiniLmEmbedder(tmp_path)
    with pytest.raises(EmbedderUnavailable, match="did not load"):
        await broken.embed(["x"])
    assert not broken.ready
    assert broken.failure is not None
    (tmp_path / LAYOUT).rmdir()
    broken.start()
    assert len(await broken.embed(["x"])) == 1
    await broken.close()


async def test_a_model_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: Path) -> object:
        raise EmbedderUnavailable("The package is not installed")

    monkeypatch.setattr(minilm_embedder, "load_model", absent)
    embedder = MiniLmEmbedder(tmp_path)
    with pytest.raises(EmbedderUnavailable):
        await embedder.embed(["x"])
    assert embedder.failure == "The package is not installed"
    await embedder.close()


def test_batches_hold_every_text_once_and_stay_small() -> None:
    lengths = [5, 100, 3, 60, 60, 300]
    batches = list(batches_by_length(lengths, 128))
    assert sorted(index for batch in batches for index in batch) == list(range(6))
    assert all(len(batch) * max(lengths[i] for i in batch) <= 128 or len(batch) == 1 for batch in batches)
    assert list(batches_by_length([], 128)) == []
