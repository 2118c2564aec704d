"""Compiles the modules of a list, in the folder that this is run in. Started by `compile_calls.py`."""

import sys
from pathlib import Path

from mypyc.build import mypycify
from setuptools import setup

# With what is not listed mypy is as lenient as can be: pyright checks all of it, strictly, elsewhere.
_MYPY = (
    *("--follow-imports=silent", "--ignore-missing-imports"),
    *("--cache-dir=/dev/null", f"--python-executable={sys.executable}"),
)


def main() -> None:
    """Leaves extension modules beside the listed ones."""
    modules = Path(sys.argv[1]).read_text().splitlines()
    extensions = mypycify([*_MYPY, *modules], opt_level="3", debug_level="0", group_name="calls")
    setup(name="calls", ext_modules=extensions, script_args=["--quiet", "build_ext", "--inplace"])


if __name__ == "__main__":
    main()
