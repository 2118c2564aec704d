"""Every metric of the demo provider, by name."""

from prometheus_client import CollectorRegistry, Counter

from demo_provider.ledger.rules import LedgerLine


class DemoSignals:
    """What was given, as the ledger counts it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tokens = Counter(
            "marketplace_demo_provider_tokens_total",
            "Tokens by operation and kind.",
            ["operation", "kind"],
            registry=registry,
        )
        self._answers = Counter(
            "marketplace_demo_provider_answers_total",
            "Answers by operation and end.",
            ["operation", "end"],
            registry=registry,
        )

    def closed(self, line: LedgerLine) -> None:
        """Count one answer that ended."""
        self._tokens.labels(line.operation, "prompt").inc(line.prompt_tokens)
        self._tokens.labels(line.operation, "completion").inc(line.completion_tokens)
        self._answers.labels(line.operation, "finished" if line.finished else "cut").inc()
