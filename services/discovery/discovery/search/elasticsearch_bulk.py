"""Writing many listings at once: bounded parts, waiting where Elasticsearch says that it is full."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import AsyncElasticsearch

from chassis.errors import Unavailable

# The client's library sends a body in one go; it warns of those above 1 MiB, which hold the loop.
_MOST_BYTES = 900 * 1024
_MOST_WRITES = 200
_PAUSES_SECONDS = (0.1, 0.3, 1.0, 3.0)
_FULL, _OLDER = 429, 409


@dataclass(frozen=True)
class Write:
    """One document; `version` is compared by Elasticsearch, an older one is refused."""

    id: str
    version: int
    source: dict[str, Any]


async def write_all(client: AsyncElasticsearch, alias: str, writes: Sequence[Write]) -> set[str]:
    """The ids that were refused because the index knows newer; the others can be found. Raises Unavailable."""
    refused: set[str] = set()
    for part in _parts(writes):
        refused |= await _write(client, alias, part)
    return refused


def _parts(writes: Sequence[Write]) -> Iterator[list[Write]]:
    part: list[Write] = []
    size = 0
    for write in writes:
        weight = len(json.dumps(write.source))
        if part and (size + weight > _MOST_BYTES or len(part) == _MOST_WRITES):
            yield part
            part, size = [], 0
        part.append(write)
        size += weight
    if part:
        yield part


async def _write(client: AsyncElasticsearch, alias: str, writes: list[Write]) -> set[str]:
    refused: set[str] = set()
    left = writes
    for pause in (*_PAUSES_SECONDS, None):
        # An index that is gone must not be made anew by a write, without its mapping.
        reply = await client.bulk(index=alias, operations=_operations(left), refresh=True, require_alias=True)
        outcomes = {item["index"]["_id"]: item["index"] for item in reply["items"]}
        refused |= {key for key, outcome in outcomes.items() if outcome["status"] == _OLDER}
        full = [write for write in left if outcomes[write.id]["status"] == _FULL]
        broken = [one for one in outcomes.values() if one["status"] >= 400 and one["status"] not in {_FULL, _OLDER}]
        if broken:
            raise _failure(broken[0])
        if not full:
            return refused
        left = full
        if pause is not None:
            await asyncio.sleep(pause)
    raise Unavailable("The search index is full of work; what was not taken comes again.")


def _operations(writes: Sequence[Write]) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for write in writes:
        lines.append({"index": {"_id": write.id, "version": write.version, "version_type": "external_gte"}})
        lines.append(write.source)
    return lines


def _failure(outcome: dict[str, Any]) -> Unavailable:
    failure = Unavailable("The search index refused a listing; see the details.")
    failure.details = {"listing_id": outcome["_id"], "reason": outcome.get("error", {}).get("reason", "")}
    return failure
