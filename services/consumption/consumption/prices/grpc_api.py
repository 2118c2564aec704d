"""The Prices door."""

from datetime import UTC

from chassis.rpc.server import Context
from consumption.prices.ports import PriceBook
from marketplace.consumption.v1 import prices_pb2
from marketplace.consumption.v1.prices_pb2_grpc import PricesServicer


class PricesDoor(PricesServicer):
    """Translates questions about prices."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book

    async def GetPrice(self, request: prices_pb2.GetPriceRequest, context: Context) -> prices_pb2.GetPriceResponse:
        """The price of a version at a moment."""
        row = await self._book.at(request.listing_version_id, request.at.ToDatetime(UTC))
        answer = prices_pb2.GetPriceResponse(price_id=row.price_id, source=row.source)
        answer.effective_from.FromDatetime(row.effective_from)
        answer.pricing.model = row.model
        if row.input_price is not None:
            answer.pricing.input_nanodollars_per_million = row.input_price
        if row.output_price is not None:
            answer.pricing.output_nanodollars_per_million = row.output_price
        if row.cached_input_price is not None:
            answer.pricing.cached_input_nanodollars_per_million = row.cached_input_price
        return answer
