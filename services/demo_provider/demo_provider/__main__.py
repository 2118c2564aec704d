"""python -m demo_provider api | settings"""

import signal
import sys

import uvicorn

from chassis.clock import SystemClock
from chassis.logs import configure_logs
from chassis.settings import SettingsRefused
from demo_provider.compose import application
from demo_provider.settings import DemoProviderSettings

DRAIN_SECONDS = 5


def _leave(_number: int, _frame: object) -> None:
    sys.exit(0)


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM, or print the settings; the exit code."""
    if arguments == ["settings"]:
        for name, default, description in DemoProviderSettings.table():
            print(f"{name}\t{default}\t{description}")
        return 0
    if arguments != ["api"]:
        print("usage: python -m demo_provider api | settings", file=sys.stderr)
        return 2
    try:
        settings = DemoProviderSettings.read()
        configure_logs(settings.log_level)
        app = application(settings, SystemClock())
    except (SettingsRefused, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    # uvicorn raises the signal again once it has drained; an orderly end is no failure.
    signal.signal(signal.SIGTERM, _leave)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.http_port,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
