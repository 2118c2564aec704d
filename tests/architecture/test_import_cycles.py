"""No module leads back to itself by its imports, and no feature of a service to itself through another feature."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from architecture.layers import Layer, files_by_module, layer_of, own_imports
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept


def first_cycle(graph: Mapping[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def module_cycles(files: Sequence[SourceFile]) -> Iterator[Violation]:
    modules = files_by_module(files)
    graph = {file.module: {target.module for _, target in own_imports(file, modules)} for file in files}
    if cycle := first_cycle(graph):
        yield Violation(modules[cycle[0]].path, 0, "import cycle: " + " <- ".join(cycle))


def feature_cycles(files: Sequence[SourceFile]) -> Iterator[Violation]:
    modules = files_by_module(files)
    graph: dict[str, set[str]] = {}
    for file in files:
        if file.feature is None or layer_of(file) is Layer.COMPOSE:
            continue
        for _, target in own_imports(file, modules):
            if target.service == file.service and target.feature not in {None, file.feature}:
                graph.setdefault(f"{file.service}.{file.feature}", set()).add(f"{target.service}.{target.feature}")
    if cycle := first_cycle(graph):
        yield Violation(cycle[0].replace(".", "/"), 0, "features in a circle: " + " <- ".join(cycle))


def test_no_import_leads_back_to_itself() -> None:
    assert_kept(Rule.IMPORT_CYCLE, lambda files: [*module_cycles(files), *feature_cycles(files)], product_files())


def test_a_cycle_of_three_modules_is_caught() -> None:
    names = {"a": "b", "b": "c", "c": "a"}
    files = [planted(f"libraries/wheel/wheel/{a}.py", f"from wheel import {b}\n") for a, b in names.items()]
    assert list(module_cycles(files))
    assert not list(module_cycles(files[:2]))


def test_two_features_that_need_each_other_are_caught_without_a_cycle_of_modules() -> None:
    files = [
        planted("services/shop/shop/orders/actions.py", "from shop.stock.rules import left\n"),
        planted("services/shop/shop/orders/rules.py", ""),
        planted("services/shop/shop/stock/rules.py", ""),
        planted("services/shop/shop/stock/actions.py", "from shop.orders.rules import total\n"),
    ]
    assert not list(module_cycles(files))
    assert list(feature_cycles(files))
