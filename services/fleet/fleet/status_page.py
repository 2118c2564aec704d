"""`python -m fleet status`: the parts of the running marketplace, one line each, and the last lines of their logs."""

from fleet.settings import FleetSettings
from fleet.status import FleetStatus, PartStatus, read_status

_MIB = 1024 * 1024


def main(settings: FleetSettings) -> int:
    """Print the page; the exit code is 1 where no fleet runs."""
    status = read_status(settings.data_folder, log_lines=1)
    print("\n".join(lines_of(status)))
    return 0 if status.running else 1


def lines_of(status: FleetStatus) -> list[str]:
    """The page."""
    if not status.running:
        return ["The marketplace does not run here: start it with `marketplace up`."]
    whole = "unknown" if status.memory_bytes is None else f"{status.memory_bytes / _MIB:.0f} MiB"
    return [f"running, pid {status.pid}, memory {whole}", *(_line(part) for part in status.parts)]


def _line(part: PartStatus) -> str:
    memory = "-" if part.memory_bytes is None else f"{part.memory_bytes / _MIB:.0f} MiB"
    uptime = "-" if part.uptime_seconds is None else f"{part.uptime_seconds:.0f} s"
    ports = ",".join(map(str, part.ports)) or "-"
    said = part.problem or (part.log_lines[-1] if part.log_lines else "")
    pid = part.pid if part.pid is not None else "-"
    row = f"{part.name:<14}{part.state:<12}{pid!s:<8}{ports:<40}{memory:<9}{uptime:<9}{part.restarts:<4}"
    return f"{row}{said[:120]}".rstrip()
