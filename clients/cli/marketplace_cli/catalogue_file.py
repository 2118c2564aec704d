"""A catalogue of models in a file, cut into batches."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from marketplace_cli.errors import FileRefused
from marketplace_cli.local_document import read_file


def catalogue_rows(path: Path) -> list[Any]:
    """The rows: the file is a list, or an object whose `data` is one. Raises FileRefused."""
    try:
        found: Any = json.loads(read_file(path))
    except (ValueError, RecursionError):
        raise FileRefused(f"{path} is not JSON.") from None
    rows: Any = cast("dict[str, Any]", found).get("data") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise FileRefused(
            f"{path} is no catalogue: it holds a list of models, or an object with such a list as `data`."
        )
    return cast("list[Any]", rows)


def batches(rows: list[Any], size: int) -> Iterator[list[Any]]:
    """The rows in their order, at most `size` at once."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
