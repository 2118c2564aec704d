"""Nothing happens at import: no connection, no file, no clock, no server, no singleton."""

import ast
from collections.abc import Iterator, Sequence

import pytest
from architecture.source_tree import SourceFile, planted, product_files
from architecture.verdict import Rule, Violation, assert_kept

LOUD_NAMES = frozenset(
    [
        "open",
        "print",
        "input",
        "exec",
        "eval",
        "FastAPI",
        "Starlette",
        "asyncio.run",
        "asyncio.new_event_loop",
        "asyncio.get_event_loop",
        "time.time",
        "time.monotonic",
        "datetime.now",
        "uuid4",
        "uuid.uuid4",
        "socket.socket",
        "os.getenv",
        "os.makedirs",
        "os.urandom",
        "logging.basicConfig",
        "signal.signal",
        "uvloop.install",
        "threading.Thread",
    ]
)
LOUD_ROOTS = frozenset(["subprocess", "random", "secrets", "requests"])
LOUD_METHODS = frozenset(
    [
        "connect",
        "create_pool",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
        "mkdir",
        "insecure_channel",
        "secure_channel",
        "from_url",
        "AsyncClient",
        "Client",
        "DBOS",
        "start",
        "urlopen",
    ]
)
BODIES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the file is imported: class bodies, decorators and defaults too, function bodies not."""
    yield node
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        children = iter([*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)])
    elif isinstance(node, ast.Lambda) or is_main_guard(node):
        children = iter(())
    for child in children:
        yield from at_import(child)


def is_main_guard(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def is_loud(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    method = name.rpartition(".")[2] if isinstance(call.func, ast.Attribute) else ""
    return name in LOUD_NAMES or name.split(".")[0] in LOUD_ROOTS or method in LOUD_METHODS


def loud_imports(files: Sequence[SourceFile]) -> Iterator[Violation]:
    for file in files:
        for statement in file.tree.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                continue
            for node in at_import(statement):
                if isinstance(node, ast.Call) and is_loud(node):
                    yield Violation(file.path, node.lineno, f"{ast.unparse(node.func)}() runs at import")


def test_nothing_happens_at_import() -> None:
    assert_kept(Rule.QUIET_IMPORT, loud_imports, product_files())


@pytest.mark.parametrize(
    "text",
    [
        "app = FastAPI()\n",
        "asyncio.run(main())\n",
        "PAGE = Path('x').read_text()\n",
        "class A:\n    pool = asyncpg.create_pool()\n",
        "def f(now=datetime.now()):\n    pass\n",
        "@cache(time.time())\ndef f():\n    pass\n",
        "try:\n    subprocess.run(['x'])\nexcept OSError:\n    pass\n",
        "client = redis.Redis.from_url('redis://')\n",
    ],
)
def test_a_deed_at_import_is_caught(text: str) -> None:
    assert list(loud_imports([planted("services/shop/shop/x.py", text)]))


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    return open('x')\n",
        "if __name__ == '__main__':\n    asyncio.run(main())\n",
        "PATTERN = re.compile('x')\n",
        "later = lambda: open('x')\n",
    ],
)
def test_what_waits_until_called_is_let_pass(text: str) -> None:
    assert not list(loud_imports([planted("services/shop/shop/x.py", text)]))
