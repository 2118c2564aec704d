"""The ways of a key's calls to its routes: each is made once and shared by the calls that take it.

For a moment, that is. What a key and a route are is kept and renewed by those who know them (`ports.py`); a passage is
made anew after a quarter of a second, and at once where a key has changed.
"""

from dataclasses import dataclass, field

from dataplane.call_terms import CallTerms, terms_of
from dataplane.door_paths import Call
from dataplane.key_check import Authenticate, SentKey
from dataplane.ports import Routes
from dataplane.records import KeyRecord, Route
from dataplane.refusals import RequestInvalid, UpstreamFailed
from dataplane.route_lines import route_lines
from dataplane.vendor_request import VendorHead, VendorHeads
from dataplane.wire_formats.openai.requests import OpenAiRequest, Operation

_LIFE_MICROSECONDS = 250_000

_Question = tuple[str, str, str | None, Operation, bool]


@dataclass(frozen=True, slots=True)
class Passage:
    """All that calls of one key to one route share; `reply_lines` tell the caller what it called."""

    terms: CallTerms
    head: VendorHead
    reply_lines: bytes


@dataclass(slots=True)
class PassagesOfKey:
    """One key, and the passages of its calls by what they asked for: listing, version, model, operation, stream."""

    key: KeyRecord
    by_question: dict[_Question, Passage] = field(default_factory=dict[_Question, Passage])


@dataclass(slots=True)
class Passages:
    """Those in use now. Nothing in here waits for anybody."""

    authenticate: Authenticate
    routes: Routes
    heads: VendorHeads = field(default_factory=VendorHeads)
    _of_keys: dict[bytes, PassagesOfKey] = field(default_factory=dict[bytes, PassagesOfKey])
    _since: int = 0
    _changes: int = 0

    def of_key(self, sent: SentKey, now: int) -> PassagesOfKey | None:
        """Those of the caller's key, where it is known; raises KeyInvalid or KeyExpired. `now`: microseconds."""
        changes = self.authenticate.keys.changes
        # A clock that stepped back ends their life as well.
        if changes != self._changes or not 0 <= now - self._since < _LIFE_MICROSECONDS:
            self._of_keys.clear()
            self._since, self._changes = now, changes
        known = self._of_keys.get(sent.digest)
        if known is None:
            key = self.authenticate.known(sent, now)
            if key is not None:
                known = self._of_keys[sent.digest] = PassagesOfKey(key)
        return known

    def known(self, of_key: PassagesOfKey, what: Call, request: OpenAiRequest) -> Passage | None:
        """The passage of a call, where its route is known; raises what `made` and `model_asked` do."""
        question = what.listing, what.version, request.model, request.operation, request.stream
        passage = of_key.by_question.get(question)
        if passage is None:
            route = self.routes.known(of_key.key, *model_asked(what, request))
            if route is not None:
                passage = of_key.by_question[question] = self.made(of_key.key, route, request)
        return passage

    def made(self, key: KeyRecord, route: Route, request: OpenAiRequest) -> Passage:
        """A new passage; raises UpstreamFailed or UpstreamUnreachable where no call of it can be written."""
        if route.protocol != "openai":
            raise UpstreamFailed(f"The listing speaks '{route.protocol}', which this door does not carry yet.")
        terms = terms_of(key, route, request.operation, request.stream)
        return Passage(terms, self.heads.of(route, request.operation, request.stream), route_lines(route))


def model_asked(what: Call, request: OpenAiRequest) -> tuple[str, str]:
    """Name and version: from the path where it names a listing, else from the body's model, `name@version`.

    Raises RequestInvalid where neither names one.
    """
    if what.listing:
        return what.listing, what.version
    if not request.model:
        raise RequestInvalid("The body needs a 'model'.", param="model")
    name, at, version = request.model.rpartition("@")
    return (name, version) if at and name else (request.model, "")
