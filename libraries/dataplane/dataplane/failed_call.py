"""How a caller hears of an error of ours: as a reply, or inside the stream that has begun."""

import logging

from chassis.errors import MarketplaceError
from dataplane.call_facts_shown import error_headers
from dataplane.refusals import RateLimited
from dataplane.wire_formats.openai.errors import error_body, error_event
from wire.exchange import Exchange
from wire.reply_head import header_lines

_log = logging.getLogger("dataplane")
_JSON = (b"content-type", b"application/json")


class Internal(MarketplaceError):
    """Something of ours broke; the log says what."""


def told(error: Exception, what: str, request_id: str) -> MarketplaceError:
    """What a caller is told of an error; what broke here is for the log alone, which says `what` it was."""
    if isinstance(error, MarketplaceError):
        return error
    _log.error(what, exc_info=error, extra={"request_id": request_id})
    return Internal("Something broke on our side; the request id tells us what.")


def fail(caller: Exchange, error: MarketplaceError, request_id: str) -> None:
    """Send an error of ours: as a reply, or inside the stream that has begun."""
    if caller.ended:
        return
    if caller.begun:
        caller.end(error_event(error))
        return
    caller.reply(error.http_status, refusal_lines(error, request_id), error_body(error))


def refusal_lines(error: MarketplaceError, request_id: str) -> bytes:
    """The headers of an error of ours, as lines."""
    lines = header_lines([_JSON, (b"x-request-id", request_id.encode()), *error_headers(error)])
    return lines + error.lines if isinstance(error, RateLimited) else lines
