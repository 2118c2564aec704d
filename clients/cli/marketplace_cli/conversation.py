"""A conversation with a model: each question with what was said before, each answer as it comes."""

import json
import sys
from dataclasses import dataclass, field

from chassis.errors import Unavailable
from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.call_facts import facts_in_comment, facts_in_headers
from marketplace_cli.errors import Refused
from marketplace_cli.output import Output
from marketplace_cli.plain_text import harmless, one_line

_PATH = "/v1/chat/completions"


@dataclass(frozen=True)
class Answer:
    """What the model said, and what it used and cost."""

    text: str
    facts: Json
    reply: Json | None = None


@dataclass
class Conversation:
    """The turns so far; `options` are further members of each request."""

    api: ApiClient
    output: Output
    model: str
    options: Json
    turns: list[Json] = field(default_factory=list[Json])

    def ask(self, prompt: str, *, streamed: bool) -> Answer:
        """One more turn, shown while it comes."""
        self.turns.append({"role": "user", "content": prompt})
        answer = self._streamed() if streamed else self._whole()
        self.turns.append({"role": "assistant", "content": answer.text})
        return answer

    def _body(self) -> Json:
        return {"model": self.model, "messages": self.turns, **self.options}

    def _whole(self) -> Answer:
        response = self.api.send("POST", _PATH, json=self._body())
        reply: Json = response.json()
        text = _content(reply, "message")
        self._show(text)
        return Answer(text, facts_in_headers(response.headers), reply)

    def _streamed(self) -> Answer:
        body = {**self._body(), "stream": True}
        said: list[str] = []
        facts: Json = {}
        ended = False
        with self.api.events("POST", _PATH, json=body) as (response, events):
            facts |= facts_in_headers(response.headers)
            for event in events:
                facts |= facts_in_comment(event.comment) or {}
                ended = ended or event.data == "[DONE]"
                if event.data and event.data != "[DONE]":
                    said.append(_delta(event.data))
                    self._show(said[-1])
        self._require(ended)
        return Answer("".join(said), facts)

    def _require(self, ended: bool) -> None:
        if not ended:
            raise Unavailable("The answer broke off before its end: ask again.")

    def _show(self, text: str) -> None:
        if not self.output.as_json:
            sys.stdout.write(harmless(text))
            sys.stdout.flush()


def _delta(data: str) -> str:
    """The text of one event. Raises Refused where it is an error."""
    try:
        event: Json = json.loads(data)
    except ValueError:
        raise Unavailable("The answer cannot be read: ask again.") from None
    if "error" in event:
        raise Refused(one_line(event["error"].get("message"), 1000))
    return _content(event, "delta")


def _content(reply: Json, member: str) -> str:
    choices: list[Json] = reply.get("choices") or []
    if not choices:
        return ""
    message: Json = choices[0].get(member) or {}
    return str(message.get("content") or "")
