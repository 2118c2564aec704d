"""The Embedder that runs MiniLM in threads of its own and loads it in the background."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from discovery.embeddings.errors import EmbedderUnavailable
from discovery.embeddings.freed_memory import return_freed_memory
from discovery.embeddings.minilm_files import packaged_model, prepared_files
from discovery.embeddings.ports import Vectors

MODEL_NAME = "all-MiniLM-L6-v2/q8"
DIMENSIONS = 384
# A batch of documents, not one person's query.
_MANY_TEXTS = 16


class _Model(Protocol):
    def embed(self, texts: Sequence[str]) -> Vectors: ...


class MiniLmEmbedder:
    """Starts at once, becomes `ready` when the model is loaded (a tenth of a second; the first time, two seconds).

    `workers` batches of texts run at the same time, each on one core; two, so that a query
    never waits for an import.
    """

    model_name = MODEL_NAME
    dimensions = DIMENSIONS

    def __init__(self, data_folder: Path, *, workers: int = 2) -> None:
        self._data_folder = data_folder
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="minilm")
        self._loading: asyncio.Task[_Model] | None = None

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._loading is not None and self._loading.done() and self.failure is None

    @property
    def failure(self) -> str | None:
        """Why it will not become ready; None while it loads or works."""
        if self._loading is None or not self._loading.done():
            return None
        if self._loading.cancelled():
            return "The sentence model was closed"
        error = self._loading.exception()
        return None if error is None else str(error)

    def start(self) -> None:
        """Begins loading; calling it again after a failure tries again."""
        if self._loading is None or self.failure is not None:
            self._loading = asyncio.create_task(self._load())

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Waits for the model if it still loads."""
        if self._loading is None:
            self.start()
        loading = cast("asyncio.Task[_Model]", self._loading)
        model = await asyncio.shield(loading)
        return await asyncio.get_running_loop().run_in_executor(self._threads, _embed, model, list(texts))

    async def close(self) -> None:
        """Stops loading and waits for running batches."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await asyncio.to_thread(self._threads.shutdown, wait=True)

    async def _load(self) -> _Model:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, load_model, self._data_folder)
        except EmbedderUnavailable:
            raise
        except Exception as error:
            raise EmbedderUnavailable(f"The sentence model did not load: {type(error).__name__}") from error


def load_model(data_folder: Path) -> _Model:
    """The model, built first where needed; blocks. ONNX Runtime is imported here, in the thread, to start faster."""
    files = prepared_files(data_folder)
    module = import_module("discovery.embeddings.minilm_model")
    model = cast("_Model", module.MiniLmModel(packaged_model() / "tokenizer.json", files, threads=1))
    return_freed_memory()
    return model


def _embed(model: _Model, texts: Sequence[str]) -> Vectors:
    vectors = model.embed(texts)
    if len(texts) >= _MANY_TEXTS:
        return_freed_memory()
    return vectors
