"""GET /v1/models and GET /v1/models/{model}."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse

from demo_provider.catalogue.rules import MODELS, find
from demo_provider.vendor_key import VendorKey


@dataclass(frozen=True)
class CatalogueDoor:
    """The models, for those who show the key."""

    key: VendorKey

    async def list(self, request: Request) -> JSONResponse:
        """All of them."""
        self.key.check(request)
        return JSONResponse({"object": "list", "data": [model.wire() for model in MODELS]})

    async def one(self, request: Request) -> JSONResponse:
        """One of them."""
        self.key.check(request)
        return JSONResponse(find(request.path_params["model"]).wire())
