"""The request that goes to the vendor: its URL, a short list of headers, our credential for its own host only."""

from urllib.parse import urlsplit

from dataplane.ports import UpstreamRequest
from dataplane.records import Credential, Route
from dataplane.refusals import UpstreamFailed
from dataplane.wire_formats.openai.requests import OpenAiRequest, body_for


def vendor_request(request: OpenAiRequest, route: Route, call_id: str) -> UpstreamRequest:
    """Nothing of the caller's headers is passed on; raises UpstreamFailed where the credential is for another host."""
    url = f"{route.endpoint_url.rstrip('/')}/{request.operation}"
    headers = [
        (b"content-type", b"application/json"),
        (b"accept", b"text/event-stream" if request.stream else b"application/json"),
        (b"accept-encoding", b"identity"),
        (b"user-agent", b"marketplace"),
        (b"x-request-id", call_id.encode()),
    ]
    if route.credential is not None:
        headers.append(_credential_header(route.credential, url))
    return UpstreamRequest(url, headers, body_for(request, route))


def _credential_header(credential: Credential, url: str) -> tuple[bytes, bytes]:
    address = urlsplit(url)
    if credential.host.lower() not in {(address.hostname or "").lower(), address.netloc.lower()}:
        raise UpstreamFailed("The listing's credential is registered for another host; its publisher must mend it.")
    return credential.header.lower().encode("ascii"), credential.value.encode("latin-1")
