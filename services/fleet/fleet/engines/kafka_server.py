"""Kafka as one process on the loopback address: broker and controller of a cluster of one."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from fleet.engines.java import find_java
from fleet.engines.releases import KAFKA
from fleet.engines.shelf import EngineShelf
from fleet.engines.tcp_probe import listening
from fleet.part import Part
from fleet.ports import HOST

OLDEST_JAVA = 17
HEAP_MEGABYTES = 512
# Any fixed id will do for a cluster that nobody joins.
_CLUSTER_ID = "bWFya2V0cGxhY2UtbWFjaA"


@dataclass(frozen=True)
class KafkaServer:
    """One server: where it answers, and the part to start. Nothing is started here."""

    part: Part
    bootstrap: str


def kafka_server(shelf: EngineShelf, folder: Path, port: int, controller_port: int) -> KafkaServer:
    """The server that keeps its log in `folder`. Raises EngineMissing."""
    jars = shelf.require(KAFKA) / "lib"
    folder = folder.resolve()
    java = find_java(OLDEST_JAVA, {}) / "bin" / "java"
    properties = folder / "server.properties"
    words = [str(java), f"-Xmx{HEAP_MEGABYTES}m", "-XX:+UseSerialGC", "-cp", f"{jars}/*"]

    def prepare() -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        properties.write_text(_properties(folder / "log", port, controller_port), encoding="utf-8")
        if not (folder / "log" / "meta.properties").is_file():
            tool = [*words, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
            subprocess.run(tool, check=True, capture_output=True, timeout=60)  # noqa: S603 -- made of paths of ours

    part = Part(
        name="kafka",
        command=[*words, "kafka.Kafka", str(properties)],
        environment={"LC_ALL": "C", "TZ": "UTC"},
        ports=[port, controller_port],
        probe=listening(port),
        prepare=prepare,
        stop_within_seconds=8.0,
        ready_within_seconds=60.0,
    )
    return KafkaServer(part, f"{HOST}:{port}")


def _properties(data: Path, port: int, controller_port: int) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs": str(data),
        # Topics are made by whoever owns them, with the partitions and the order that they promise.
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "4",
        "group.initial.rebalance.delay.ms": "0",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
