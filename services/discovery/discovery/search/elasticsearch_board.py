"""The report of an index in the metadata of its mapping: it goes where the index goes."""

from elasticsearch import AsyncElasticsearch, NotFoundError
from pydantic import TypeAdapter

from chassis.errors import Unavailable
from discovery.indexing.board import IndexReport
from discovery.search.elasticsearch_client import elasticsearch_errors_translated
from discovery.search.elasticsearch_generations import ensure_index
from discovery.search.elasticsearch_mapping import SCHEMA

_REPORTS = TypeAdapter(IndexReport)


class ElasticsearchBoard:
    """Of the index that the alias names at the moment."""

    def __init__(self, client: AsyncElasticsearch, alias: str) -> None:
        self._client = client
        self._alias = alias

    async def prepare(self) -> None:
        """Make an empty index where the alias names none."""
        with elasticsearch_errors_translated():
            await ensure_index(self._client, self._alias)

    async def read(self) -> IndexReport:
        """The report of the index behind the alias; raises Unavailable where there is none."""
        try:
            with elasticsearch_errors_translated():
                reply = await self._client.indices.get_mapping(index=self._alias, filter_path="*.mappings._meta")
        except Unavailable as error:
            if isinstance(error.__cause__, NotFoundError):
                raise Unavailable("There is no search index yet: the worker of discovery makes it.") from error
            raise
        ((generation, found),) = reply.items()
        said = found["mappings"]["_meta"].get("progress", {})
        return _REPORTS.validate_python({**said, "generation": generation})

    async def write(self, report: IndexReport) -> None:
        """To the index that was read, not to one that the alias names since."""
        meta = {"schema": SCHEMA, "progress": _REPORTS.dump_python(report, mode="json")}
        with elasticsearch_errors_translated():
            await self._client.indices.put_mapping(index=report.generation, meta=meta)
