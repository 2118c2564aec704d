"""POST /v1/chat/completions and POST /v1/completions."""

from dataclasses import dataclass

from starlette.requests import Request

from demo_provider.answers import chat_rules, text_rules
from demo_provider.answers.chat_format import CHAT
from demo_provider.answers.chat_request import ChatRequest, SamplingRequest
from demo_provider.answers.plan import Plan
from demo_provider.answers.text_format import TEXT
from demo_provider.answers.text_request import TextRequest
from demo_provider.answers.wire_format import WireFormat
from demo_provider.catalogue.rules import check_context, find_for
from demo_provider.delivery import Delivery
from demo_provider.faults.rules import Fault
from demo_provider.json_body import read_body
from demo_provider.serving import Call, Serving
from demo_provider.vendor_key import VendorKey


@dataclass(frozen=True)
class AnswersDoor:
    """Chat and text, for those who show the key."""

    key: VendorKey
    serving: Serving

    async def chat(self, request: Request) -> Delivery:
        """Continue a talk."""
        self.key.check(request)
        asked = await read_body(request, ChatRequest)
        find_for(asked.model, "chat")
        prompt = chat_rules.prompt_tokens(asked)
        check_context(prompt, "messages")
        call = self.serving.let_in(request, CHAT.whole_object)
        choices = chat_rules.choices_of(asked, call.behaviour.reply_tokens)
        return self._give(call, asked, call.plan(asked.model, prompt, choices), CHAT)

    async def text(self, request: Request) -> Delivery:
        """Complete a text."""
        self.key.check(request)
        asked = await read_body(request, TextRequest)
        find_for(asked.model, "text")
        prompt = text_rules.prompt_tokens(asked)
        check_context(prompt, "prompt")
        call = self.serving.let_in(request, TEXT.whole_object)
        choices = text_rules.choices_of(asked, call.behaviour.reply_tokens)
        return self._give(call, asked, call.plan(asked.model, prompt, choices), TEXT)

    def _give(self, call: Call, asked: SamplingRequest, plan: Plan, form: WireFormat) -> Delivery:
        honest = call.behaviour.fault is not Fault.NO_USAGE
        if asked.stream:
            return self.serving.streamed(call, plan, form.chunks(plan, with_usage=honest and asked.wants_usage))
        return self.serving.whole(call, plan, form.plain(plan, with_usage=honest))
