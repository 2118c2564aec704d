"""`marketplace chat`: a question to a model, or a whole conversation, with the bill at the end."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from marketplace_cli.api_client import ApiClient, Json
from marketplace_cli.api_key import api_key
from marketplace_cli.call_facts import bill, deprecation_notice
from marketplace_cli.command_app import command_app
from marketplace_cli.conversation import Answer, Conversation
from marketplace_cli.errors import UsageRefused
from marketplace_cli.invocation import Invocation, command
from marketplace_cli.option_groups import OptionGroup

app = command_app()


@dataclass(frozen=True)
class CallOptions(OptionGroup):
    """How the call is made."""

    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Show the answer while it comes.")] = True
    max_tokens: Annotated[int | None, typer.Option(min=1, help="No longer answer than this.")] = None
    temperature: Annotated[float | None, typer.Option(min=0, max=2, help="How freely the model chooses.")] = None
    system: Annotated[str | None, typer.Option(help="What the model should be.")] = None
    key_file: Annotated[Path | None, typer.Option(help="A file that holds the API key.")] = None

    def members(self) -> Json:
        """Further members of the request."""
        values = {"max_tokens": self.max_tokens, "temperature": self.temperature}
        return {name: value for name, value in values.items() if value is not None}

    def first_turns(self) -> list[Json]:
        """What stands before the first question."""
        return [{"role": "system", "content": self.system}] if self.system else []


@app.command()
@command
def chat(
    here: Invocation,
    model: Annotated[str, typer.Argument(help="team/name, team/name@version, or a listing's id.")],
    prompt: Annotated[list[str] | None, typer.Argument(help="The question; stdin or a conversation else.")] = None,
    *,
    options: CallOptions,
) -> None:
    """Talk to a model. The key comes from MARKETPLACE_API_KEY, --key-file, or `keys create --save`."""
    key = api_key(here, options.key_file)
    with here.world.client(here.gateway) as http:
        api = ApiClient(http, here.world, lambda fresh: None if fresh else f"Bearer {key}")
        talk = Conversation(api, here.output, model, options.members(), options.first_turns())
        if prompt or not sys.stdin.isatty():
            _once(here, talk, " ".join(prompt) if prompt else sys.stdin.read(), options.stream)
        else:
            _converse(here, talk, options.stream)


def _once(here: Invocation, talk: Conversation, prompt: str, streamed: bool) -> None:
    if not prompt.strip():
        raise UsageRefused("There is no question: marketplace chat MODEL What is a listing?")
    answer = talk.ask(prompt, streamed=streamed)
    told = {"model": talk.model, "text": answer.text, "facts": answer.facts}
    here.output.show(told if answer.reply is None else {**told, "reply": answer.reply}, lambda: _bill(here, answer))


def _converse(here: Invocation, talk: Conversation, streamed: bool) -> None:
    if here.output.as_json:
        raise UsageRefused("A conversation has no JSON: give the question, or leave --json out.")
    here.output.hint("Ctrl-D ends the conversation.")
    while True:
        try:
            prompt = input("> ")
        except EOFError:
            return
        if prompt.strip():
            _bill(here, talk.ask(prompt, streamed=streamed))


def _bill(here: Invocation, answer: Answer) -> None:
    here.output.line("")
    here.output.hint(bill(answer.facts))
    notice = deprecation_notice(answer.facts)
    if notice:
        here.output.hint(notice)
