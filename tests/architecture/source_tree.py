"""The Python files of the repository, parsed once, as every rule of the house sees them."""

import ast
import gc
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
GENERATED = ("protos/generated/",)
SERVICES = frozenset(p.name for p in (ROOT / "services").iterdir() if p.is_dir())
LIBRARIES = frozenset(p.name for p in (ROOT / "libraries").iterdir() if p.is_dir())
# Where statements keep their statements; handlers and cases are such blocks themselves.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@dataclass(frozen=True)
class Import:
    """One imported module or name, absolute, with where it stands."""

    name: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class SourceFile:
    """One file: its path from the root, its text, and what is read out of it."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node; walked once, because all rules ask."""
        return tuple(ast.walk(self.tree))

    @cached_property
    def statements(self) -> tuple[tuple[ast.AST, bool], ...]:
        """Every statement, and whether it stands inside a function; far fewer than the nodes."""
        return tuple(statements_of(self.tree, inside_function=False))

    @cached_property
    def functions(self) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
        return tuple(n for n, _ in self.statements if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(
            Import(name, node.lineno, inside)
            for node, inside in self.statements
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in imported_names(node)
        )

    @property
    def stem(self) -> str:
        return PurePosixPath(self.path).stem

    @property
    def is_test(self) -> bool:
        return self.path.startswith("tests/")

    @property
    def module(self) -> str:
        """The dotted name it is imported by: services/admin/admin/x.py is admin.x."""
        parts = list(PurePosixPath(self.path).with_suffix("").parts)
        if parts[0] in {"services", "libraries", "clients"}:
            parts = parts[2:]
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def service(self) -> str | None:
        """The service that the file belongs to, if any."""
        parts = PurePosixPath(self.path).parts
        return parts[1] if parts[0] == "services" else None

    @property
    def feature(self) -> str | None:
        """The folder of the service that the file belongs to: services/admin/admin/<feature>/x.py."""
        parts = PurePosixPath(self.path).parts
        return parts[3] if parts[0] == "services" and len(parts) > 4 else None


def statements_of(node: ast.AST, inside_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    """The statements below a node, with theirs, and whether a function is around them."""
    inside = inside_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for block in BLOCKS:
        for statement in getattr(node, block, ()):
            yield statement, inside
            yield from statements_of(statement, inside)


def imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    """`from a.b import c` gives a.b.c; whether c is a module is for the reader to know."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


def planted(path: str, text: str) -> SourceFile:
    """A file that exists only in a test, to see that a rule catches it."""
    return SourceFile(path, text)


def tracked(*patterns: str) -> list[str]:
    """The files that git tracks or would track, all or those of some patterns, by their paths from the root."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", *patterns]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted({name for name in names if name and (ROOT / name).exists()})


@cache
def source_files() -> tuple[SourceFile, ...]:
    """Every Python file that git tracks or would track, without generated code."""
    chosen = [name for name in tracked("*.py") if not name.startswith(GENERATED)]
    files = tuple(SourceFile(name, (ROOT / name).read_text(encoding="utf-8")) for name in chosen)
    parse(files)
    return files


def parse(files: tuple[SourceFile, ...]) -> None:
    """Parse all of them with the collector away: the trees stay, and to walk their nodes each time took most of it."""
    gc.collect()
    gc.disable()
    for file in files:
        assert file.tree
    gc.freeze()
    gc.enable()


def product_files() -> tuple[SourceFile, ...]:
    """Everything that is not a test."""
    return tuple(file for file in source_files() if not file.is_test)
