"""The ways of a key's calls to its routes: each is made once and shared by the calls that take it.

What a key and a route are is kept and renewed by those who know them (`ports.py`). After a quarter of a second, and at
once where a key has changed, they are asked again; a passage stays where they still say the same, for to make one costs
ten times as much, and a key that calls now and then would need a new one for each call.
"""

from dataclasses import dataclass, field

from dataplane.bounded import make_room
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
# Of what is forgotten beyond this the next call makes all again.
_MOST_KEYS = 4096
_MOST_QUESTIONS = 32

_Question = tuple[str, str, str | None, Operation, bool]


@dataclass(frozen=True, slots=True)
class Passage:
    """All that calls of one key to one route share; `reply_lines` tell the caller what it called."""

    terms: CallTerms
    head: VendorHead
    reply_lines: bytes


@dataclass(slots=True)
class _Kept:
    """A passage, and when its route was last looked up."""

    passage: Passage
    since: int


@dataclass(slots=True)
class PassagesOfKey:
    """The passages of one key's calls by what they asked for: listing, version, model, operation, stream.

    The key was last looked up at `since`, when there had been so many `changes`.
    """

    key: KeyRecord
    since: int
    changes: int
    by_question: dict[_Question, _Kept] = field(default_factory=dict[_Question, _Kept])


@dataclass(slots=True)
class Passages:
    """Those in use. Nothing in here waits for anybody. Moments are microseconds."""

    authenticate: Authenticate
    routes: Routes
    heads: VendorHeads = field(default_factory=VendorHeads)
    _of_keys: dict[bytes, PassagesOfKey] = field(default_factory=dict[bytes, PassagesOfKey])

    def of_key(self, sent: SentKey, now: int) -> PassagesOfKey | None:
        """Those of the caller's key, where it is known; raises KeyInvalid or KeyExpired."""
        changes = self.authenticate.keys.changes
        known = self._of_keys.get(sent.digest)
        # A clock that stepped back ends their life as well.
        if known is not None and known.changes == changes and 0 <= now - known.since < _LIFE_MICROSECONDS:
            return known
        # Nothing of a key that opens no more stays behind.
        self._of_keys.pop(sent.digest, None)
        key = self.authenticate.known(sent, now)
        if key is None:
            return None
        if known is None or (known.key is not key and known.key != key):
            known = PassagesOfKey(key, now, changes)
        known.since, known.changes = now, changes
        make_room(self._of_keys, _MOST_KEYS)
        self._of_keys[sent.digest] = known
        return known

    def known(self, of_key: PassagesOfKey, what: Call, request: OpenAiRequest, now: int) -> Passage | None:
        """The passage of a call, where its route is known; raises what `made` and `model_asked` do."""
        # Where the path names the listing, whatever the body calls it is neither looked at nor kept.
        model = "" if what.listing else request.model
        question = what.listing, what.version, model, request.operation, request.stream
        kept = of_key.by_question.get(question)
        if kept is not None and 0 <= now - kept.since < _LIFE_MICROSECONDS:
            return kept.passage
        of_key.by_question.pop(question, None)
        route = self.routes.known(of_key.key, *model_asked(what, request))
        if route is None:
            return None
        before = None if kept is None else kept.passage.terms.route
        if kept is None or (before is not route and before != route):
            kept = _Kept(self.made(of_key.key, route, request), now)
        kept.since = now
        make_room(of_key.by_question, _MOST_QUESTIONS)
        of_key.by_question[question] = kept
        return kept.passage

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
