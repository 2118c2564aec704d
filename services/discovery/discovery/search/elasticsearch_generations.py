"""The indexes behind an alias: the one that is asked, and while it is filled anew the next one beside it.

The alias carries the schema, so that an old and a new build each ask and fill their own.
"""

import re
from collections.abc import Sequence

from elasticsearch import AsyncElasticsearch, BadRequestError

from chassis.errors import Conflict
from discovery.search.elasticsearch_address import ElasticsearchAddress
from discovery.search.elasticsearch_mapping import SCHEMA, mapping, settings

_FIRST = 1


def alias_of(address: ElasticsearchAddress) -> str:
    """By which name this build asks."""
    return f"{address.prefix}-v{SCHEMA}"


def next_alias(alias: str) -> str:
    """By which name the next one is filled."""
    return f"{alias}-next"


async def ensure_index(client: AsyncElasticsearch, alias: str) -> None:
    """Make an empty index where the alias names none."""
    if not await client.indices.exists_alias(name=alias):
        await _create(client, alias, alias)


async def begin_next(client: AsyncElasticsearch, alias: str) -> str:
    """Make an empty index beside the one that is asked, or find the one that was begun; the alias to fill it by."""
    following = next_alias(alias)
    if not await client.indices.exists_alias(name=following):
        await _create(client, alias, following)
    return following


async def switch_to_next(client: AsyncElasticsearch, alias: str) -> None:
    """From now on the next one is asked, without a moment between; then those that nobody asks any longer go.

    In two steps: an index that goes in the step that switches the alias closes before the alias is seen to have
    moved, and searches in between find no shard. What a process killed between them left goes with the next switch.
    """
    following = next_alias(alias)
    generations = await _generations(client, alias)
    filled = [name for name, named in generations.items() if following in named]
    if not filled:
        raise Conflict("The index was switched already.")
    moves = [{"remove": {"index": name, "alias": alias}} for name, named in generations.items() if alias in named]
    for name in filled:
        moves += [{"remove": {"index": name, "alias": following}}, {"add": {"index": name, "alias": alias}}]
    await client.indices.update_aliases(actions=moves)
    for name, named in (await _generations(client, alias)).items():
        if not named:
            await client.indices.delete(index=name, ignore_unavailable=True)


async def _create(client: AsyncElasticsearch, alias: str, by_name: str) -> None:
    name = f"{alias}-{await _free_number(client, alias)}"
    try:
        await client.indices.create(index=name, settings=settings(), mappings=mapping(), aliases={by_name: {}})
    except BadRequestError as error:
        # Another process was faster, with the same alias.
        if error.error != "resource_already_exists_exception":
            raise


async def _free_number(client: AsyncElasticsearch, alias: str) -> int:
    numbers = [int(name.removeprefix(f"{alias}-")) for name in await _generations(client, alias)]
    return max(numbers, default=_FIRST - 1) + 1


async def _generations(client: AsyncElasticsearch, alias: str) -> dict[str, Sequence[str]]:
    """Every index made for the alias, asked or not, with the aliases that name it."""
    found = await client.indices.get(index=f"{alias}-*", expand_wildcards="all", features="aliases")
    numbered = re.compile(rf"{re.escape(alias)}-\d+")
    return {name: tuple(one["aliases"]) for name, one in found.items() if numbered.fullmatch(name)}
