"""Services with doors and nothing behind them, written as packages that shadow the real ones in a child process."""

from pathlib import Path

NAMES = ("admin", "publishing", "discovery", "consumption", "gateway")

_COMPOSE = """
import asyncio, os
from contextlib import asynccontextmanager
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from chassis.health import Readiness
from chassis.lifecycle import HttpDoor, Unit


async def answer(request):
    return JSONResponse({"ready": True})


@asynccontextmanager
async def api():
    app = Starlette(routes=[Route("/ready", answer), Route("/health", answer)])
    yield Unit("NAME", http=[HttpDoor(app, "127.0.0.1", int(os.environ["PREFIX_HTTP_PORT"]))])


@asynccontextmanager
async def worker():
    yield Unit("NAME.worker", tasks=[asyncio.Event().wait], readiness=Readiness())
"""


def write_stub_services(folder: Path) -> Path:
    """The folder to put first on PYTHONPATH."""
    for name in NAMES:
        package = folder / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "compose.py").write_text(_COMPOSE.replace("NAME", name).replace("PREFIX", name.upper()))
    return folder
