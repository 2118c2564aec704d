"""The IndexStatus door: what search answers with, straight from the index of this process."""

from chassis.errors import NotFound
from chassis.rpc.server import Context
from discovery.indexing.ports import ListingSink
from marketplace.discovery.v1 import index_status_pb2
from marketplace.discovery.v1.index_status_pb2_grpc import IndexStatusServicer


class IndexStatusDoor(IndexStatusServicer):
    """Lets publishing see that a version can be found."""

    def __init__(self, index: ListingSink) -> None:
        self._index = index

    async def GetIndexedListing(
        self, request: index_status_pb2.GetIndexedListingRequest, context: Context
    ) -> index_status_pb2.GetIndexedListingResponse:
        """NOT_FOUND while the listing cannot be found."""
        standing = await self._index.standing_of(request.listing_id)
        if standing is None:
            raise NotFound("This listing cannot be found by search.")
        return index_status_pb2.GetIndexedListingResponse(
            listing_version_id=standing.version_id, revision=standing.revision, state=standing.state.value
        )
