"""An index that was changed a thousand times answers like one that was filled once."""

import random

import numpy as np
import pytest
from fixtures.listing_documents import listing

from discovery.indexing.document import ListingDocument
from discovery.indexing.ports import IndexEntry, Passages, Removal
from discovery.indexing.rules import ANYONE
from discovery.search.in_process_index import InProcessIndex
from discovery.search.request import Meaning, SearchRequest

WORDS = ["chat", "image", "voice", "code", "legal", "medical", "fast", "small", "gpt-4o", "llama"]


def entry(document: ListingDocument, chance: random.Random) -> IndexEntry:
    rows = np.array([[chance.gauss(0, 1) for _ in range(8)] for _ in range(chance.randint(1, 4))], dtype=np.float32)
    return IndexEntry(document, Passages("m", rows / np.linalg.norm(rows, axis=1, keepdims=True)))


async def answers(index: InProcessIndex) -> list[list[tuple[str, float]]]:
    found: list[list[tuple[str, float]]] = []
    for number, word in enumerate(WORDS):
        vector = np.eye(8, dtype=np.float32)[number % 8]
        for meaning in (None, Meaning("m", vector)):
            reply = await index.search(SearchRequest(word, limit=100, meaning=meaning), ANYONE)
            found.append([(hit.document.id, hit.score) for hit in reply.hits])
    return found


@pytest.mark.parametrize("seed", range(5))
async def test_changes_one_by_one_give_the_answers_of_a_fresh_index(seed: int) -> None:
    chance = random.Random(seed)
    changed, kept = InProcessIndex(), dict[str, IndexEntry]()
    for revision in range(1, 600):
        listing_id = f"l{chance.randint(0, 30)}"
        if chance.random() < 0.2:
            await changed.remove([Removal(listing_id, revision)])
            kept.pop(listing_id, None)
            continue
        text = " ".join(chance.choices(WORDS, k=chance.randint(1, 6)))
        put = entry(listing(listing_id, revision=revision, description=text), chance)
        assert await changed.put([put]) == ()
        kept[listing_id] = put
    fresh = InProcessIndex()
    await fresh.put(list(kept.values()))
    assert await changed.size() == len(kept)
    for after_changes, at_once in zip(await answers(changed), await answers(fresh), strict=True):
        assert [found[0] for found in after_changes] == [found[0] for found in at_once]
        assert [found[1] for found in after_changes] == pytest.approx([found[1] for found in at_once], abs=2e-6)


async def test_suggestions_follow_the_changes_too() -> None:
    index = InProcessIndex()
    for revision in range(1, 200):
        await index.put([IndexEntry(listing("a", revision=revision, tags=(f"tag{revision}",)))])
    assert [found.text for found in await index.suggest("tag", ANYONE, 10)] == ["tag199"]
