"""What a question with every facet and every filter costs."""

from collections.abc import Iterator
from typing import Any

from fixtures.listing_documents import listing

from discovery.indexing.document import ListingDocument, PricingModel, State
from discovery.indexing.rules import ANYONE
from discovery.search.facets import without_own_filter
from discovery.search.filters import Filters
from discovery.search.filters_matching import set_in
from discovery.search.request import Facet
from discovery.search.slot_masks import SlotMasks
from discovery.search.slots import Slots

TEXTS: dict[str, Any] = dict.fromkeys({facet.value for facet in Facet} - {"pricing_model", "status"}, ("A", "b"))
EVERY_FILTER = Filters(
    **TEXTS,
    pricing_model=(PricingModel.UNKNOWN,),
    status=(State.PUBLISHED,),
    max_input_price=1,
    min_rating=1.0,
    min_context_length=1,
)


class CountedPasses(list[ListingDocument | None]):
    """How often all listings were gone through."""

    passes = 0

    def __iter__(self) -> Iterator[Any]:
        self.passes += 1
        return super().__iter__()


def test_a_facet_tests_no_listing_again_that_another_has_tested() -> None:
    slots = Slots()
    for number in range(10):
        slots.add(listing(f"l{number}", category="a"))
    slots.documents = passes = CountedPasses(slots.documents)
    masks = SlotMasks(slots)
    assert not masks.candidates(EVERY_FILTER, ANYONE).any()
    for facet in Facet:
        masks.candidates(without_own_filter(EVERY_FILTER, facet), ANYONE)
    assert passes.passes == len(set_in(EVERY_FILTER)) == 16


def test_what_is_left_out_for_a_facet_counts_for_the_others() -> None:
    slots = Slots()
    for category, licence in (("a", "mit"), ("b", "mit"), ("a", "gpl")):
        slots.add(listing(f"{category}-{licence}", category=category, licence=licence))
    masks, chosen = SlotMasks(slots), Filters(category=("A",), licence=("MIT",))
    assert masks.candidates(chosen, ANYONE).tolist() == [True, False, False]
    assert masks.candidates(without_own_filter(chosen, Facet.CATEGORY), ANYONE).tolist() == [True, True, False]
    assert masks.candidates(without_own_filter(chosen, Facet.LICENCE), ANYONE).tolist() == [True, False, True]
