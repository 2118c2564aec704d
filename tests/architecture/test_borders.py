"""Services never import each other, libraries never services, and no feature reaches into another's adapters."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import pytest
from architecture.layers import Layer, files_by_module, layer_of, own_imports
from architecture.source_tree import LIBRARIES, SERVICES, SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

# The command line is fleet's front door on one machine; every other service it reaches by HTTP.
OPEN_TO_CLIENTS = frozenset({"fleet"})


def crossed_borders(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        kind, member = (*PurePosixPath(file.path).parts, "")[:2]
        allowed = {"services": {member}, "clients": OPEN_TO_CLIENTS}.get(kind, set[str]())
        for item in file.imports:
            root = item.name.split(".")[0]
            if kind in {"services", "libraries", "clients", "protos"} and root in SERVICES - allowed:
                yield Violation(file.path, item.line, f"{kind} do not import the service {root}: ask it, or hear of it")
            if kind == "protos" and root in LIBRARIES:
                yield Violation(file.path, item.line, "contracts stand on nothing")


def reached_into_features(files: Sequence[SourceFile]) -> Iterator[Violation]:
    modules = files_by_module(files)
    for file in files:
        if file.feature is None or layer_of(file) is Layer.COMPOSE:
            continue
        for item, target in own_imports(file, modules):
            foreign = target.service == file.service and target.feature not in {None, file.feature}
            if foreign and layer_of(target) in {Layer.STORE, Layer.DOOR}:
                yield Violation(file.path, item.line, f"{target.module} belongs to {target.feature}: use its actions")


def test_services_and_libraries_keep_their_borders() -> None:
    assert_kept(Rule.SERVICE_BORDERS, crossed_borders, product_files())


def test_features_do_not_reach_into_each_others_adapters() -> None:
    assert_kept(Rule.FEATURE_BORDERS, reached_into_features, product_files())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/discovery/discovery/x.py", "from publishing.listings.rules import Listing\n"),
        ("services/fleet/fleet/x.py", "import gateway\n"),
        ("libraries/chassis/chassis/x.py", "import admin.settings\n"),
        ("clients/cli/marketplace_cli/x.py", "from consumption import settings\n"),
        ("protos/generate.py", "import chassis.errors\n"),
    ],
)
def test_a_crossed_border_is_caught(path: str, text: str) -> None:
    assert list(crossed_borders([planted(path, text)]))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("services/admin/admin/x.py", "import admin.settings\nimport chassis.errors\n"),
        ("clients/cli/marketplace_cli/x.py", "import fleet\n"),
        ("services/fleet/fleet/x.py", "import importlib\nimportlib.import_module('gateway.compose')\n"),
    ],
)
def test_an_open_border_is_let_pass(path: str, text: str) -> None:
    assert not list(crossed_borders([planted(path, text)]))


def test_reaching_into_another_features_store_is_caught() -> None:
    store = planted("services/admin/admin/teams/postgres_store.py", "")
    rules = planted("services/admin/admin/teams/rules.py", "")
    guilty = planted("services/admin/admin/accounts/login_store.py", "from admin.teams.postgres_store import Teams\n")
    honest = planted("services/admin/admin/accounts/actions.py", "from admin.teams.rules import Team\n")
    assert len(list(reached_into_features([store, rules, guilty, honest]))) == 1
