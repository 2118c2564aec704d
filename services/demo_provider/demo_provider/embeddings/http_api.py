"""POST /v1/embeddings."""

from dataclasses import dataclass

from starlette.requests import Request

from demo_provider.catalogue.rules import check_context, find_for
from demo_provider.delivery import Delivery
from demo_provider.embeddings.requests import EmbeddingRequest
from demo_provider.embeddings.rules import DEFAULT_DIMENSIONS, as_base64, embed
from demo_provider.json_body import read_body
from demo_provider.serving import Serving
from demo_provider.tokens.rules import count_prompt
from demo_provider.vendor_key import VendorKey


@dataclass(frozen=True)
class EmbeddingsDoor:
    """Vectors, for those who show the key."""

    key: VendorKey
    serving: Serving

    async def embeddings(self, request: Request) -> Delivery:
        """One vector for each text."""
        self.key.check(request)
        asked = await read_body(request, EmbeddingRequest)
        find_for(asked.model, "embedding")
        tokens = sum(map(count_prompt, asked.inputs()))
        check_context(tokens, "input")
        call = self.serving.let_in(request, "embedding")
        vectors = [embed(text, asked.dimensions or DEFAULT_DIMENSIONS) for text in asked.inputs()]
        shown = map(as_base64, vectors) if asked.encoding_format == "base64" else vectors
        body = {
            "object": "list",
            "model": asked.model,
            "data": [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(shown)],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return self.serving.whole(call, call.plan(asked.model, tokens), body)
