"""How many files and connections a process may have open: what a login shell gives, 1,024, ends at 500 streams."""

import logging
import resource

_ENOUGH = 65_536
_FEW = 4_096
_log = logging.getLogger("chassis.open_files")


def allow_many_open_files() -> None:
    """Raise the soft limit as far as the hard one lets it, up to what is enough for one process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < _FEW:
        _log.warning("this process may open %d files: raise its hard limit (ulimit -Hn) to %d", most, _ENOUGH)
