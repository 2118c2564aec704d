"""What a file of a service is: rules, ports, actions, store, door or the composition of them."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from architecture.source_tree import Import, SourceFile

DRIVERS = frozenset(
    [
        "asyncpg",
        "psycopg",
        "sqlite3",
        "redis",
        "valkey",
        "httpx",
        "aiohttp",
        "requests",
        "urllib3",
        "socket",
        "dbos",
        "temporalio",
        "aiokafka",
        "elasticsearch",
        "obstore",
        "boto3",
        "subprocess",
    ]
)
DOOR_FRAMEWORKS = frozenset(["fastapi", "starlette", "uvicorn", "grpc", "sse_starlette"])
FRAMEWORKS = DRIVERS | DOOR_FRAMEWORKS
DOOR_FILES = frozenset({"http_api", "grpc_api", "event_handlers", "workflow"})
STORE_SUFFIXES = ("_store", "_index", "_client")
PLAIN_FILES = {"rules": "rules", "errors": "errors", "ports": "ports", "actions": "actions"}


class Layer(StrEnum):
    """Where a file stands; INNER is a named idea of a feature that touches no technology."""

    RULES = "rules"
    ERRORS = "errors"
    PORTS = "ports"
    ACTIONS = "actions"
    STORE = "store"
    DOOR = "door"
    COMPOSE = "compose"
    INNER = "inner"


def layer_of(file: SourceFile) -> Layer:
    """By the name where the house gives one, else by the technology that the file imports."""
    if file.stem.split("_")[0] == "compose" or "/compose/" in file.path:
        return Layer.COMPOSE
    if file.stem in PLAIN_FILES:
        return Layer(PLAIN_FILES[file.stem])
    if file.stem in DOOR_FILES or file.stem.endswith("_api"):
        return Layer.DOOR
    if file.stem.endswith(STORE_SUFFIXES):
        return Layer.STORE
    roots = {i.name.split(".")[0] for i in file.imports}
    if roots & DRIVERS:
        return Layer.STORE
    return Layer.DOOR if roots & DOOR_FRAMEWORKS else Layer.INNER


def files_by_module(files: Sequence[SourceFile]) -> dict[str, SourceFile]:
    return {file.module: file for file in files}


def own_imports(file: SourceFile, modules: dict[str, SourceFile]) -> Iterator[tuple[Import, SourceFile]]:
    """The imports of a file that lead to another file among `modules`: `a.b.c` is the module a.b.c, or c out of a.b."""
    for item in file.imports:
        target = modules.get(item.name) or modules.get(item.name.rpartition(".")[0])
        if target is not None and target.path != file.path:
            yield item, target
