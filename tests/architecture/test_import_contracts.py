"""import-linter watches every service and library there is, and keeps the services side by side."""

import tomllib

from architecture.source_tree import LIBRARIES, ROOT, SERVICES


def test_import_linter_knows_every_member() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    arrows = next(contract for contract in settings["contracts"] if contract["id"] == "arrows")
    assert set(settings["root_packages"]) >= SERVICES | LIBRARIES
    assert SERVICES in [frozenset(layer.split(" | ")) for layer in arrows["layers"]]
