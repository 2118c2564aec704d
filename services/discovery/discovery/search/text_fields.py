"""Which texts of a listing are matched by words, and what a word weighs in each."""

from typing import NamedTuple

from discovery.indexing.document import ListingDocument
from discovery.indexing.rules import short_name, spoken


class TextField(NamedTuple):
    """A field of BM25F: its weight, and how strongly a long text is discounted (0 not at all, 1 fully)."""

    name: str
    weight: float
    length_discount: float


TEXT_FIELDS = (
    TextField("name", 2.0, 0.3),
    TextField("title", 2.0, 0.3),
    TextField("description", 1.0, 0.3),
    TextField("category", 2.0, 0.3),
    TextField("tags", 1.5, 0.3),
    TextField("capabilities", 1.5, 0.3),
    TextField("details", 0.5, 0.3),
)
# How fast a repeated word stops adding.
SATURATION = 1.2


def field_texts(document: ListingDocument) -> tuple[str, ...]:
    """One text per field, in the order of TEXT_FIELDS."""
    abilities = (*document.capabilities, *document.input_modalities, *document.output_modalities)
    return (
        f"{short_name(document)} {spoken(document.name)}",
        document.title,
        document.description,
        document.category,
        " ".join(document.tags),
        spoken(" ".join(abilities)),
        " ".join((document.provider, document.protocol, document.licence, document.details)),
    )
