"""Inside a feature the arrow runs one way: rules <- actions <- stores and doors; compose.py alone sees them all."""

from collections.abc import Iterator, Sequence

import pytest
from architecture.layers import FRAMEWORKS, Layer, files_by_module, layer_of, own_imports
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

FORBIDDEN = {
    Layer.RULES: {Layer.ACTIONS, Layer.STORE, Layer.DOOR, Layer.COMPOSE},
    Layer.ERRORS: {Layer.ACTIONS, Layer.STORE, Layer.DOOR, Layer.COMPOSE},
    Layer.PORTS: {Layer.ACTIONS, Layer.STORE, Layer.DOOR, Layer.COMPOSE},
    Layer.ACTIONS: {Layer.STORE, Layer.DOOR, Layer.COMPOSE},
    Layer.INNER: set[Layer](),
    Layer.STORE: {Layer.ACTIONS, Layer.DOOR, Layer.COMPOSE},
    Layer.DOOR: {Layer.STORE, Layer.COMPOSE},
    Layer.COMPOSE: set[Layer](),
}
WITHOUT_FRAMEWORK = {Layer.RULES, Layer.ERRORS, Layer.PORTS, Layer.ACTIONS}


def wrong_arrows(files: Sequence[SourceFile]) -> Iterator[Violation]:
    modules = files_by_module(files)
    for file in files:
        if file.feature is None or file.stem == "__main__":
            continue
        layer = layer_of(file)
        for item, target in own_imports(file, modules):
            if target.feature is not None and layer_of(target) in FORBIDDEN[layer]:
                yield Violation(file.path, item.line, f"{layer} imports {layer_of(target)} {target.module}")
        for item in file.imports:
            if layer in WITHOUT_FRAMEWORK and item.name.split(".")[0] in FRAMEWORKS:
                yield Violation(file.path, item.line, f"{layer} imports the framework {item.name}")


def self_wiring(files: Sequence[SourceFile]) -> Iterator[Violation]:
    """Only the composition imports stores and doors together."""
    modules = files_by_module(files)
    for file in files:
        if file.service is None or layer_of(file) is Layer.COMPOSE:
            continue
        seen = {layer_of(target) for _, target in own_imports(file, modules) if target.feature is not None}
        if {Layer.STORE, Layer.DOOR} <= seen:
            yield Violation(file.path, 0, "imports stores and doors: that is compose.py's work")


def test_arrows_inside_a_service_run_one_way() -> None:
    assert_kept(Rule.LAYERS, lambda files: [*wrong_arrows(files), *self_wiring(files)], product_files())


STORE = planted("services/shop/shop/orders/postgres_store.py", "import asyncpg\n")
DOOR = planted("services/shop/shop/orders/http_api.py", "import fastapi\n")
ACTIONS = planted("services/shop/shop/orders/actions.py", "")
PORTS = planted("services/shop/shop/orders/ports.py", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules", "from shop.orders.actions import Pay\n"),
        ("rules", "from shop.orders import postgres_store\n"),
        ("rules", "import asyncpg\n"),
        ("ports", "from asyncpg import Connection\n"),
        ("errors", "from fastapi import HTTPException\n"),
        ("actions", "from shop.orders.postgres_store import PostgresOrders\n"),
        ("actions", "import redis.asyncio\n"),
        ("http_api", "from shop.orders.postgres_store import PostgresOrders\n"),
        ("valkey_store", "from shop.orders.http_api import router\n"),
        ("valkey_store", "from shop.orders.actions import Pay\n"),
    ],
)
def test_an_arrow_against_the_layers_is_caught(name: str, text: str) -> None:
    file = planted(f"services/shop/shop/orders/{name}.py", text)
    others = [f for f in (STORE, DOOR, ACTIONS, PORTS) if f.path != file.path]
    assert list(wrong_arrows([file, *others]))


def test_a_file_is_a_store_by_the_driver_it_imports_whatever_its_name() -> None:
    hidden = planted("services/shop/shop/orders/ledger.py", "import asyncpg\n")
    actions = planted("services/shop/shop/orders/actions.py", "from shop.orders.ledger import Ledger\n")
    assert list(wrong_arrows([hidden, actions]))


def test_the_arrows_of_the_house_are_let_pass() -> None:
    rules = planted("services/shop/shop/orders/rules.py", "from dataclasses import dataclass\n")
    actions = planted(
        "services/shop/shop/orders/actions.py", "from shop.orders.rules import total\nimport shop.orders.ports\n"
    )
    door = planted("services/shop/shop/orders/http_api.py", "import fastapi\nfrom shop.orders.actions import Pay\n")
    assert not list(wrong_arrows([rules, actions, PORTS, door, STORE]))


def test_wiring_outside_compose_is_caught() -> None:
    wiring = "from shop.orders.postgres_store import A\nfrom shop.orders.http_api import B\n"
    assert list(self_wiring([planted("services/shop/shop/server.py", wiring), STORE, DOOR]))
    assert not list(self_wiring([planted("services/shop/shop/compose.py", wiring), STORE, DOOR]))
