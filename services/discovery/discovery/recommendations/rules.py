"""What makes two listings alike: what they mean, and what they can do."""

from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import short_name, spoken

MEANING_WEIGHT = 0.6
ABILITY_WEIGHT = 0.4
_DESCRIPTION_LENGTH = 500
_QUERY_LENGTH = 900


def likeness_query(document: ListingDocument) -> str:
    """A listing as a need: what it is for before what it is called."""
    parts = (
        ", ".join(filter(None, (document.category, *document.tags, *document.capabilities))),
        document.title,
        spoken(short_name(document)),
        document.description[:_DESCRIPTION_LENGTH],
    )
    return ". ".join(filter(None, parts))[:_QUERY_LENGTH]


def abilities(document: ListingDocument) -> frozenset[str]:
    """What a listing can do, takes and gives."""
    return frozenset(
        [
            *(f"can {name}" for name in document.capabilities),
            *(f"takes {name}" for name in document.input_modalities),
            *(f"gives {name}" for name in document.output_modalities),
        ]
    )


def shared_part(one: ListingDocument, other: ListingDocument) -> float:
    """The shared abilities among all of both, 0 to 1; 0 where nothing is known."""
    every = abilities(one) | abilities(other)
    return len(abilities(one) & abilities(other)) / len(every) if every else 0.0


def alikeness(closeness: float, one: ListingDocument, other: ListingDocument) -> float:
    """0 to 1, of a closeness of 0 to 1."""
    return round(MEANING_WEIGHT * closeness + ABILITY_WEIGHT * shared_part(one, other), 4)
