"""What a child does before it becomes its program: follow its parent into death, give up root, exec.

Run as a script of its own, so that no Python code ever runs between fork and exec of a process with threads.
"""

import ctypes
import os
import struct
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAPABILITY_VERSION_3 = 0x20080522
_LOST_PARENT = 75


def main(arguments: list[str]) -> int:
    """`<parent pid> <signal> <uid:gid or -> <reach or plain> <program> <argument>...`; returns only on failure."""
    parent, death_signal, account, reach, *command = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if account != "-":
        uid, _, gid = account.partition(":")
        _give_up_root(libc, int(uid), int(gid), keep_reach=reach == "reach")
    # After the change of user, because that clears the signal.
    if sys.platform == "linux":
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
    if os.getppid() != int(parent):
        return _LOST_PARENT
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 -- becoming the program is the purpose
    return 1


def _give_up_root(libc: ctypes.CDLL, uid: int, gid: int, *, keep_reach: bool) -> None:
    if keep_reach:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if keep_reach and not (_keep(libc, _CAP_DAC_READ_SEARCH) or _keep(libc, _CAP_DAC_OVERRIDE)):
        print("error: cannot keep the right to enter the folders above the data folder", file=sys.stderr)


def _keep(libc: ctypes.CDLL, capability: int) -> bool:
    """Keep one capability across exec: passing through private folders on the way to one's own."""
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    data = struct.pack("6I", mask, mask, mask, 0, 0, 0)
    if libc.capset(header, data) != 0:
        return False
    return libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
