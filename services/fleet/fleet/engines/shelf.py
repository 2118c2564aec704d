"""The folder in which fetched engines lie, by version."""

from dataclasses import dataclass
from pathlib import Path

from fleet.engines.releases import Release
from fleet.errors import EngineMissing


@dataclass(frozen=True)
class EngineShelf:
    """`folder` may be deleted at any time: `fetching.fetch` fills it again."""

    folder: Path

    @property
    def cache(self) -> Path:
        """What the registries' clients keep, so that a broken fetch goes on where it was."""
        return self.folder / "cache"

    def place(self, release: Release) -> Path:
        """Where the release lies or would lie."""
        return self.folder / release.folder_name

    def holds(self, release: Release) -> bool:
        """Whether the release is there as a whole."""
        return self.place(release).is_dir()

    def require(self, release: Release) -> Path:
        """The release's folder. Raises EngineMissing."""
        if not self.holds(release):
            raise EngineMissing(f"{release.name} {release.version} is not in {self.folder}: run `make engines-fetch`.")
        return self.place(release)
