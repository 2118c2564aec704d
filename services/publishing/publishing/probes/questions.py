"""What an endpoint is asked when it is tested: a chat, or a vector where the version makes vectors."""

from collections.abc import Callable
from dataclasses import dataclass

from publishing.listings.version_content import VersionContent
from publishing.probes.ports import Json, Reply
from publishing.probes.rules import chat_question, fault_of_chat, fault_of_embedding


@dataclass(frozen=True)
class Question:
    """Where to ask, the body for a model, what is wrong with an answer, and whether it can be streamed."""

    path: str
    body: Callable[[str], Json]
    fault: Callable[[Reply], str | None]
    name: str
    streams: bool


CHAT = Question("/chat/completions", chat_question, fault_of_chat, "A chat completion", streams=True)
EMBEDDING = Question(
    "/embeddings",
    lambda model: {"model": model, "input": "Are you there?"},
    fault_of_embedding,
    "An embedding",
    streams=False,
)


def question_for(content: VersionContent) -> Question:
    """The one that the version's kind of model can answer."""
    makes_vectors = content.category == "embeddings" or "embedding" in content.output_modalities
    return EMBEDDING if makes_vectors else CHAT
