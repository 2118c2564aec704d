"""The indexes behind an alias: the one that is asked, and while it is filled anew the next one beside it.

The alias carries the schema, so that an old and a new build each ask and fill their own.
"""

import re

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
    """From now on the next one is asked, and the former is gone: one step, without a moment between."""
    following = next_alias(alias)
    if not await client.indices.exists_alias(name=following):
        raise Conflict("The index was switched already.")
    (filled,) = await client.indices.get_alias(name=following)
    former = await client.indices.get_alias(name=alias) if await client.indices.exists_alias(name=alias) else ()
    await client.indices.update_aliases(
        actions=[
            {"remove": {"index": filled, "alias": following}},
            {"add": {"index": filled, "alias": alias}},
            *({"remove_index": {"index": name}} for name in former),
        ]
    )


async def _create(client: AsyncElasticsearch, alias: str, by_name: str) -> None:
    name = f"{alias}-{await _free_number(client, alias)}"
    try:
        await client.indices.create(index=name, settings=settings(), mappings=mapping(), aliases={by_name: {}})
    except BadRequestError as error:
        # Another process was faster, with the same alias.
        if error.error != "resource_already_exists_exception":
            raise


async def _free_number(client: AsyncElasticsearch, alias: str) -> int:
    taken = await client.indices.get(index=f"{alias}-*", expand_wildcards="all", features="aliases")
    numbers = (re.fullmatch(rf"{re.escape(alias)}-(\d+)", name) for name in taken)
    return max((int(number[1]) + 1 for number in numbers if number), default=_FIRST)
