"""The listings of the in-process index by number, with what masks and scores need as columns."""

import numpy as np
import numpy.typing as npt

from discovery.indexing.document import ListingDocument, Visibility
from discovery.indexing.rules import Viewer
from discovery.search.rules import STATE_FACTOR, Mask, Scores

_START = 64
_VISIBILITY_CODES = {Visibility.PRIVATE: 0, Visibility.WORKSPACE: 1, Visibility.PUBLIC: 2}


class Slots:
    """Numbers only grow until `renumber`; a dead slot keeps its place."""

    def __init__(self) -> None:
        self.documents: list[ListingDocument | None] = []
        self._slot_of: dict[str, int] = {}
        self._alive: Mask = np.zeros(_START, dtype=np.bool_)
        self._visibility: npt.NDArray[np.uint8] = np.zeros(_START, dtype=np.uint8)
        self._team: npt.NDArray[np.int32] = np.zeros(_START, dtype=np.int32)
        self._popularity: Scores = np.zeros(_START, dtype=np.float32)
        self._state: Scores = np.zeros(_START, dtype=np.float32)
        self._team_codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def living(self) -> int:
        """How many slots hold a listing."""
        return len(self._slot_of)

    @property
    def alive(self) -> Mask:
        """Which slots hold a listing."""
        return self._alive[: len(self)]

    @property
    def popularity(self) -> Scores:
        """Decayed uses per slot."""
        return self._popularity[: len(self)]

    @property
    def state(self) -> Scores:
        """The factor of each slot's state."""
        return self._state[: len(self)]

    def slot_of(self, listing_id: str) -> int | None:
        """Where a listing is; None where it is not."""
        return self._slot_of.get(listing_id)

    def document_of(self, listing_id: str) -> ListingDocument | None:
        """The living document of that id."""
        slot = self._slot_of.get(listing_id)
        return None if slot is None else self.documents[slot]

    def add(self, document: ListingDocument) -> int:
        """A new slot, higher than all."""
        slot = len(self.documents)
        if slot == len(self._alive):
            self._grow()
        self.documents.append(document)
        self._slot_of[document.id] = slot
        self._alive[slot] = True
        self._visibility[slot] = _VISIBILITY_CODES[document.visibility]
        self._team[slot] = self._team_codes.setdefault(document.team_id, len(self._team_codes))
        self._popularity[slot] = document.popularity
        self._state[slot] = STATE_FACTOR[document.state]
        return slot

    def kill(self, listing_id: str) -> None:
        """The listing is gone; its slot stays empty."""
        slot = self._slot_of.pop(listing_id)
        self.documents[slot] = None
        self._alive[slot] = False

    def visible_to(self, viewer: Viewer) -> Mask:
        """`may_see` for every slot at once."""
        count = len(self)
        visibility = self._visibility[:count]
        seen = visibility == _VISIBILITY_CODES[Visibility.PUBLIC]
        if viewer.signed_in:
            teams = [self._team_codes[team] for team in viewer.team_ids if team in self._team_codes]
            own = (visibility == _VISIBILITY_CODES[Visibility.PRIVATE]) & np.isin(self._team[:count], teams)
            seen |= own | (visibility == _VISIBILITY_CODES[Visibility.WORKSPACE])
        return seen & self.alive

    def renumbering(self) -> npt.NDArray[np.int64]:
        """The new number of each slot once the dead are gone, -1 for the dead."""
        return np.where(self.alive, np.cumsum(self.alive) - 1, -1)

    def compacted(self) -> "Slots":
        """The living alone, in the same order."""
        moved = Slots()
        for document in self.documents:
            if document is not None:
                moved.add(document)
        return moved

    def _grow(self) -> None:
        self._alive = np.concatenate([self._alive, np.zeros_like(self._alive)])
        self._visibility = np.concatenate([self._visibility, np.zeros_like(self._visibility)])
        self._team = np.concatenate([self._team, np.zeros_like(self._team)])
        self._popularity = np.concatenate([self._popularity, np.zeros_like(self._popularity)])
        self._state = np.concatenate([self._state, np.zeros_like(self._state)])
