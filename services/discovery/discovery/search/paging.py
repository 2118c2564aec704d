"""One page of an order that never repeats or skips a listing: by value, highest first, then by id."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from discovery.search.request import Position

Values = npt.NDArray[np.float64]


def page_of(values: Values, ids: Sequence[str], limit: int, after: Position | None) -> tuple[list[int], bool]:
    """Indexes of the page's items in order, and whether more follow."""
    places = np.arange(len(values)) if after is None else _places_after(values, ids, after)
    if len(places) > limit:
        # Only what can be on the page (with all ties of the last place) is sorted in Python.
        least = -np.partition(-values[places], limit)[limit]
        places = places[values[places] >= least]
    ordered = sorted(places.tolist(), key=lambda place: (-values[place], ids[place]))
    return ordered[:limit], len(ordered) > limit


def _places_after(values: Values, ids: Sequence[str], after: Position) -> npt.NDArray[np.intp]:
    later = values < after.value
    for place in np.flatnonzero(values == after.value).tolist():
        later[place] = ids[place] > after.listing_id
    return np.flatnonzero(later)
