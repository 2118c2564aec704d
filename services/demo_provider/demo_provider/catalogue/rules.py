"""Three models, each named for what it is: a demo."""

from dataclasses import dataclass

from demo_provider.errors import ContextTooLong, ModelUnknown

CREATED = 1_767_225_600
OWNER = "demo-provider"
MAX_CONTEXT = 131_072


@dataclass(frozen=True)
class DemoModel:
    """A model on offer and what it does."""

    name: str
    does: tuple[str, ...]

    def wire(self) -> dict[str, str | int]:
        """As GET /v1/models shows it."""
        return {"id": self.name, "object": "model", "created": CREATED, "owned_by": OWNER}


# As many servers do, the model for chat also completes a bare prompt.
MODELS = (
    DemoModel("demo-chat", ("chat", "text")),
    DemoModel("demo-text", ("text",)),
    DemoModel("demo-embed", ("embedding",)),
)


def find(name: str) -> DemoModel:
    """The model of that name. Raises ModelUnknown."""
    for model in MODELS:
        if model.name == name:
            return model
    raise ModelUnknown(f"There is no model {name[:100]!r} here; GET /v1/models lists them.", param="model")


def find_for(name: str, does: str) -> DemoModel:
    """The model of that name, which must do that. Raises ModelUnknown."""
    model = find(name)
    if does not in model.does:
        raise ModelUnknown(f"{name} is a model for {' and '.join(model.does)}, not for {does}.", param="model")
    return model


def check_context(prompt_tokens: int, param: str) -> None:
    """Raises ContextTooLong where a prompt is longer than the models take."""
    if prompt_tokens > MAX_CONTEXT:
        raise ContextTooLong(f"{prompt_tokens} tokens; the models take at most {MAX_CONTEXT}.", param=param)
