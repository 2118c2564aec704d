"""How an engine gets onto the shelf: by the ordinary client of the registry that holds it, whole or not at all."""

import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from fleet.engines.releases import FetchedBy, Release
from fleet.engines.shelf import EngineShelf
from fleet.errors import EngineMissing

LONGEST_SECONDS = 1200
_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>marketplace</groupId><artifactId>{name}</artifactId><version>1</version>
  <dependencies>{dependencies}</dependencies>
</project>
"""
_DEPENDENCY = (
    "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>"
)
_DEBIAN_PACKAGES = {FetchedBy.MAVEN: "maven", FetchedBy.GO: "golang"}


@dataclass(frozen=True)
class _Errand:
    """A command and the variables that it needs beside the caller's."""

    command: list[str]
    variables: Mapping[str, str]


def fetch(shelf: EngineShelf, release: Release, variables: Mapping[str, str]) -> None:
    """Fetch into a folder beside the release's and rename that when it is whole; nothing where it is there already.

    Raises EngineMissing.
    """
    if shelf.holds(release):
        return
    tool = str(release.fetched_by)
    if shutil.which(tool, path=variables.get("PATH")) is None:
        package = _DEBIAN_PACKAGES[release.fetched_by]
        raise EngineMissing(f"{tool} is needed to fetch {release.name}: install it (Debian: {package}).")
    begun = shelf.folder / f".{release.folder_name}.begun"
    begun.mkdir(parents=True, exist_ok=True)
    errand = _ERRANDS[release.fetched_by](shelf, release, begun)
    done = subprocess.run(  # noqa: S603 -- the command comes from the table of releases
        errand.command,
        env={**variables, **errand.variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if done.returncode:
        said = _cause(done.stdout + done.stderr)
        raise EngineMissing(f"{tool} could not fetch {release.name}: {said} The same command again goes on.")
    begun.rename(shelf.place(release))


def _cause(output: str) -> str:
    """The first line that is not about progress."""
    lines = (line.strip() for line in output.splitlines())
    return next((line for line in lines if line and not line.startswith("go: downloading")), "it said nothing.")


def _by_maven(shelf: EngineShelf, release: Release, target: Path) -> _Errand:
    pom = target / "pom.xml"
    pom.write_text(_pom(release), encoding="utf-8")
    options = [f"-DoutputDirectory={target / 'lib'}", "-DincludeScope=runtime"]
    cache = f"-Dmaven.repo.local={shelf.cache / 'maven'}"
    return _Errand(
        ["mvn", "-B", "-q", "-Dstyle.color=never", cache, "-f", str(pom), "dependency:copy-dependencies", *options], {}
    )


def _by_go(shelf: EngineShelf, release: Release, target: Path) -> _Errand:
    (package,) = release.packages
    cache = shelf.cache / "go"
    variables = {
        "GOBIN": str(target),
        "GOPATH": str(cache),
        "GOCACHE": str(cache / "build"),
        # Otherwise nobody but root could delete the folder.
        "GOFLAGS": "-modcacherw",
    }
    return _Errand(["go", "install", f"{package}@v{release.version}"], variables)


_ERRANDS: dict[FetchedBy, Callable[[EngineShelf, Release, Path], _Errand]] = {
    FetchedBy.MAVEN: _by_maven,
    FetchedBy.GO: _by_go,
}


def _pom(release: Release) -> str:
    version = escape(release.version)
    dependencies = ""
    for package in release.packages:
        group, artifact = map(escape, package.split(":"))
        dependencies += _DEPENDENCY.format(group=group, artifact=artifact, version=version)
    return _POM.format(name=escape(release.name), dependencies=dependencies)
