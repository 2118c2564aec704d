"""`marketplace search`: listings by meaning, words and filters, with the reasons for each."""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Annotated, Any

import typer

from marketplace_cli.api_client import Json
from marketplace_cli.command_app import command_app
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.listing_page import HIT_COLUMNS, hit_row
from marketplace_cli.option_groups import OptionGroup

app = command_app()
_WORDS_ALONE = "The meaning could not be compared just now: these are the hits by words alone."


class Sort(StrEnum):
    """The order of the hits."""

    RELEVANCE = "relevance"
    POPULARITY = "popularity"
    RATING = "rating"
    NEWEST = "newest"
    PRICE = "price"


def _many(help_text: str, *names: str) -> Any:
    return typer.Option(*names, help=help_text)


@dataclass(frozen=True)
class Filters(OptionGroup):
    """All must hold; what a listing does not tell never fits a bound. The names are the API's."""

    category: Annotated[list[str] | None, _many("One of these.")] = None
    tags: Annotated[list[str] | None, _many("Any of these.", "--tag")] = None
    provider: Annotated[list[str] | None, _many("One of these.")] = None
    status: Annotated[list[str] | None, _many("published, catalogue_only or deprecated.")] = None
    max_input_price: Annotated[str | None, typer.Option(metavar="USD", help="Per million tokens.")] = None
    max_output_price: Annotated[str | None, typer.Option(metavar="USD", help="Per million tokens.")] = None
    min_context_length: Annotated[
        int | None, typer.Option("--min-context", metavar="TOKENS", help="At least so long.")
    ] = None
    input_modalities: Annotated[list[str] | None, _many("All of these are taken.", "--modality")] = None
    output_modalities: Annotated[list[str] | None, _many("All of these are given.", "--output-modality")] = None
    capabilities: Annotated[list[str] | None, _many("All of these, such as tools.", "--capability")] = None
    compliance: Annotated[list[str] | None, _many("All of these.")] = None
    data_residency: Annotated[list[str] | None, _many("One of these.")] = None
    min_rating: Annotated[float | None, typer.Option(min=1, max=5, help="At least so well rated.")] = None

    def chosen(self) -> Json:
        """Those that were set, as the API takes them."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in values.items() if value not in (None, [], ())}


@app.command()
@command
def search(
    here: Invocation,
    text: Annotated[list[str] | None, typer.Argument(help="What you need, in your own words.")] = None,
    sort: Annotated[Sort, typer.Option(help="The order.")] = Sort.RELEVANCE,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 10,
    *,
    filters: Filters,
) -> None:
    """Find listings by meaning, words and filters; each tells why it was found.

    The score says how well words, meaning and wishes fit this search; it compares hits of one search and no others.
    """
    body = {"query": " ".join(text or []), "filters": filters.chosen(), "sort": sort.value, "limit": limit}
    with here.public_api() as api:
        reply = api.post("/api/v1/search", body, repeatable=True)
    here.output.show(reply, lambda: _page(here, reply))


def _page(here: Invocation, reply: Json) -> None:
    hits: list[Json] = reply["hits"]
    here.output.table(HIT_COLUMNS, map(hit_row, hits), "Nothing found: try other words or fewer filters.")
    more = "" if len(hits) >= reply["total"] else "; more: --limit"
    here.output.hint(f"{len(hits)} of {reply['total']} shown{more}. Higher scores fit this search better.")
    if reply.get("degraded"):
        here.output.hint(reply.get("degraded_reason") or _WORDS_ALONE)
