"""Elasticsearch as one process on the loopback address: a cluster of one, from the published jars."""

import http.client
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from fleet.engines.java import find_java
from fleet.engines.releases import ELASTICSEARCH
from fleet.engines.shelf import EngineShelf
from fleet.part import Part, Probe
from fleet.ports import HOST

OLDEST_JAVA = 21
HEAP_MEGABYTES = 512
_LAUNCHER = Path(__file__).with_name("ElasticsearchLauncher.java")
_MODULE = "transport-netty4"
_DESCRIPTOR = {
    "name": _MODULE,
    "description": "HTTP and transport on Netty",
    "classname": "org.elasticsearch.transport.netty4.Netty4Plugin",
    "version": ELASTICSEARCH.version,
    "elasticsearch.version": ELASTICSEARCH.version,
    "java.version": str(OLDEST_JAVA),
}


@dataclass(frozen=True)
class ElasticsearchServer:
    """One server: its URL, and the part to start. Nothing is started here."""

    part: Part
    url: str


def elasticsearch_server(shelf: EngineShelf, folder: Path, port: int, transport_port: int) -> ElasticsearchServer:
    """The server that keeps its indices in `folder`. Raises EngineMissing."""
    jars = shelf.require(ELASTICSEARCH) / "lib"
    folder = folder.resolve()
    home = folder / "home"
    java = find_java(OLDEST_JAVA, {}) / "bin"
    libraries = ["--module-path", str(home / "lib"), "--add-modules", "ALL-MODULE-PATH,jdk.incubator.vector"]

    def prepare() -> None:
        _make_home(home, jars)
        compiler = [str(java / "javac"), "-nowarn", "-cp", f"{home / 'lib'}/*", "-d", str(home), str(_LAUNCHER)]
        subprocess.run(compiler, check=True, capture_output=True, timeout=120)  # noqa: S603 -- made of paths of ours

    part = Part(
        name="elasticsearch",
        command=[
            str(java / "java"),
            *(f"-Xms{HEAP_MEGABYTES}m", f"-Xmx{HEAP_MEGABYTES}m", "-XX:+UseSerialGC"),
            "--enable-native-access=ALL-UNNAMED,org.elasticsearch.nativeaccess,org.apache.lucene.core",
            *libraries,
            *("-cp", str(home), "ElasticsearchLauncher", str(home), str(folder / "data")),
            *(str(port), str(transport_port)),
        ],
        environment={"LC_ALL": "C", "TZ": "UTC"},
        ports=[port, transport_port],
        probe=_answering(port),
        prepare=prepare,
        stop_within_seconds=8.0,
        ready_within_seconds=90.0,
    )
    return ElasticsearchServer(part, f"http://{HOST}:{port}")


def _make_home(home: Path, jars: Path) -> None:
    """A folder that looks like the distribution's: the module's jars apart from the others."""
    shutil.rmtree(home, ignore_errors=True)
    module = home / "modules" / _MODULE
    for folder in (module, home / "lib", home / "config", home / "plugins"):
        folder.mkdir(parents=True)
    for jar in jars.glob("*.jar"):
        within = module if jar.name.startswith(("netty-", _MODULE)) else home / "lib"
        (within / jar.name).symlink_to(jar.resolve())
    lines = [f"{name}={value}" for name, value in _DESCRIPTOR.items()]
    (module / "plugin-descriptor.properties").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _answering(port: int) -> Probe:
    def probe(_: int) -> str | None:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
            status = connection.getresponse().status
            return None if status == http.client.OK else f"answers {status} about its health"
        except (OSError, http.client.HTTPException) as error:
            return f"does not answer on port {port} ({error})"
        finally:
            connection.close()

    return probe
