"""What a publisher sends by HTTP, strict and bounded, and its translation into a submission."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from chassis.errors import InvalidInput
from chassis.web.sent_values import TAKEN_WHOLE
from publishing.listings.actions import Submission
from publishing.listings.errors import DocumentNotGiven
from publishing.listings.price_rules import price_from_dollars, prices_of
from publishing.listings.version_content import Document, Endpoint, Prices, ServiceLevel, VersionContent

MAX_BODY_BYTES = 9 * 1024 * 1024
_STORABLE = r"^[^\x00]*$"


def _endpoint_address(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("give the base address alone, without query or fragment")
    return url.rstrip("/")


def _credential(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text.isascii() or not text.isprintable() or text != text.strip():
        raise ValueError("a credential travels in a header: printable ASCII without spaces at its ends")
    return secret


Label = Annotated[str, Field(min_length=1, max_length=64, pattern=_STORABLE)]
Labels = Annotated[list[Label], Field(max_length=32)]
Line = Annotated[str, Field(max_length=200, pattern=_STORABLE)]
Paragraphs = Annotated[str, Field(max_length=10_000, pattern=_STORABLE)]
DollarText = Annotated[str, Field(max_length=40, examples=["0.15"])]
Tokens = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True), TAKEN_WHOLE]
Modality = Literal["text", "image", "audio", "video", "file", "embedding"]
Visibility = Literal["private", "workspace", "public"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class EndpointBody(_Body):
    """Where calls go."""

    url: Annotated[str, Field(min_length=1, max_length=2000, pattern=_STORABLE), AfterValidator(_endpoint_address)] = (
        Field(description="Base URL of the vendor's API", examples=["https://vendor.example/v1"])
    )
    protocol: Literal["openai"] = Field("openai", description="The wire format; `openai` for now")
    model: Line = Field("", description="The model's name at the vendor; the listing's name where it is left out")
    credential: Annotated[SecretStr, Field(min_length=1, max_length=4096), AfterValidator(_credential)] | None = Field(
        None, description="The vendor's key: kept encrypted, sent to this host alone, never shown again"
    )


class PricingBody(_Body):
    """Decimal strings in USD per million tokens; null or left out is unknown.

    `cached_input` left out: cached prompt tokens cost what other prompt tokens cost.
    """

    model: Literal["free", "usage", "subscription", "unknown"] | None = None
    input: DollarText | None = None
    output: DollarText | None = None
    cached_input: DollarText | None = None

    def prices(self) -> Prices:
        """As the books hold them. Raises PriceRefused."""
        return prices_of(
            self.model,
            price_from_dollars(self.input, "/pricing/input"),
            price_from_dollars(self.output, "/pricing/output"),
            price_from_dollars(self.cached_input, "/pricing/cached_input"),
        )


class ModalitiesBody(_Body):
    """What goes in and what comes out."""

    input: Annotated[list[Modality], Field(min_length=1, max_length=6)] = ["text"]
    output: Annotated[list[Modality], Field(min_length=1, max_length=6)] = ["text"]


class ServiceLevelBody(_Body):
    """What the publisher promises."""

    uptime_percent: Annotated[float, Field(ge=0, le=100, strict=True)] | None = None
    latency_p95_ms: Annotated[int, Field(ge=1, le=3_600_000, strict=True), TAKEN_WHOLE] | None = None


class VersionBody(_Body):
    """A version as it is sent: PUT takes it as it stands, POST asks for a name too."""

    name: Line = Field("", description="On PUT the listing keeps its name; leave it out or send the same")
    version: Line = Field(description="SemVer without build metadata", examples=["1.0.0"])
    title: Line = Field("", description="The listing's name where it is left out")
    description: Paragraphs = ""
    category: Annotated[str, Field(max_length=64, pattern=_STORABLE)] = "chat"
    provider: Line = Field("", description="Who makes the model; the team where it is left out")
    tags: Labels = []
    endpoint: EndpointBody
    openapi: dict[str, Any] | Annotated[str, Field(max_length=8 * 1024 * 1024)] = Field(
        description="The OpenAPI 3.0 or 3.1 document itself: an object, or its text in JSON or YAML; never an address"
    )
    pricing: PricingBody = PricingBody()
    capabilities: Labels = []
    modalities: ModalitiesBody = ModalitiesBody()
    context_length: Tokens | None = None
    max_output_tokens: Tokens | None = None
    compliance: Labels = []
    certifications: Labels = []
    data_residency: Labels = []
    sla: ServiceLevelBody = ServiceLevelBody()
    licence: Line = ""
    visibility: Visibility = "private"
    auth: Literal["none", "bearer"] | None = Field(
        None, description="How the endpoint authenticates its callers; bearer where a credential is given"
    )
    validation_mode: Literal["strict", "lenient"] = "strict"

    def submission(self) -> Submission:
        """What the action takes. Raises PriceRefused or DocumentNotGiven."""
        return Submission(
            name=self.name,
            version=self.version,
            content=self._content(),
            document=_document(self.openapi),
            credential=self.endpoint.credential,
            validation_mode=self.validation_mode,
        )

    def _content(self) -> VersionContent:
        auth = self.auth or ("bearer" if self.endpoint.credential else "")
        return VersionContent(
            title=self.title,
            description=self.description,
            category=self.category,
            provider=self.provider,
            visibility=self.visibility,
            tags=tuple(self.tags),
            capabilities=tuple(self.capabilities),
            input_modalities=tuple(self.modalities.input),
            output_modalities=tuple(self.modalities.output),
            context_length=self.context_length,
            max_output_tokens=self.max_output_tokens,
            prices=self.pricing.prices(),
            compliance=tuple(self.compliance),
            certifications=tuple(self.certifications),
            data_residency=tuple(self.data_residency),
            sla=ServiceLevel(self.sla.uptime_percent, self.sla.latency_p95_ms),
            licence=self.licence,
            endpoint=Endpoint(self.endpoint.url, self.endpoint.protocol, self.endpoint.model, auth),
        )


class PublishBody(VersionBody):
    """A new listing with its first version."""

    name: Annotated[str, Field(min_length=1, max_length=130, pattern=_STORABLE)] = Field(
        description="`name` or `team-slug/name`", examples=["summariser"]
    )


def _document(openapi: dict[str, Any] | str) -> Document:
    if isinstance(openapi, str):
        text = openapi.strip()
        if not text or (text.startswith(("http://", "https://", "file:")) and "\n" not in text):
            raise DocumentNotGiven(
                "`openapi` holds the document itself; an address is never fetched.", pointer="/openapi"
            )
        # Surrogates that stand alone have no bytes; validation then says that the text is not UTF-8.
        return Document("", openapi.encode("utf-8", "surrogatepass"))
    try:
        return Document("application/json", json.dumps(openapi).encode())
    except (RecursionError, ValueError):
        raise InvalidInput("The OpenAPI document is nested too deeply.", pointer="/openapi") from None
