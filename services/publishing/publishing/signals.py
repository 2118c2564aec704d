"""Every metric that publishing emits besides those of its doors, by name."""

from prometheus_client import CollectorRegistry, Counter


class PublishingSignals:
    """Counters of the api process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.submissions = Counter(
            "marketplace_submissions_total", "Versions that entered the pipeline.", ["kind"], registry=registry
        )
        self.imported = Counter(
            "marketplace_catalogue_rows_total", "Rows of imported catalogues.", ["outcome"], registry=registry
        )
