"""The connection to Elasticsearch: bounded in time, its errors translated once."""

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from elasticsearch import ApiError, AsyncElasticsearch, TransportError

from chassis.errors import Unavailable
from discovery.search.elasticsearch_address import ElasticsearchAddress

# A search that takes longer answers nobody in time.
TIMEOUT_SECONDS = 5.0


@asynccontextmanager
async def open_client(address: ElasticsearchAddress) -> AsyncGenerator[AsyncElasticsearch]:
    """A client that connects when it is first used."""
    # It tells of every request.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    options: dict[str, Any] = {}
    if address.user:
        options["basic_auth"] = (address.user, address.secret)
    elif address.secret:
        options["api_key"] = address.secret
    client = AsyncElasticsearch(
        address.node, request_timeout=TIMEOUT_SECONDS, max_retries=1, retry_on_timeout=False, **options
    )
    try:
        yield client
    finally:
        await client.close()


@contextmanager
def elasticsearch_errors_translated() -> Generator[None]:
    """Raise Unavailable for whatever Elasticsearch could not do."""
    try:
        yield
    except ApiError as error:
        failure = Unavailable("The search index could not do it; try again.")
        details: dict[str, Any] = {"cause": error.message}
        failure.details = details
        raise failure from error
    except TransportError as error:
        raise Unavailable("The search index does not answer in time; try again.") from error
