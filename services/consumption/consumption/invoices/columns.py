"""The columns of an invoice, and what the common suppliers' exports call them."""

import re
from collections.abc import Sequence

from consumption.invoices.errors import InvoiceRefused

# Spelt as `_plain` leaves them. What comes out of exports of OpenAI, Anthropic, OpenRouter, Azure and Google Cloud.
ALIASES: dict[str, tuple[str, ...]] = {
    "period": (
        *("period", "day", "date", "month", "usage_date", "usage_date_utc", "usage_day", "usage_start_date"),
        *("start_time_iso", "start_date", "created_at", "date_utc"),
    ),
    "model": ("model", "model_name", "model_id", "model_version", "model_slug", "model_permaslug", "snapshot_id"),
    "listing": ("listing", "listing_name"),
    "requests": ("requests", "num_requests", "num_model_requests", "n_requests", "request_count", "calls"),
    "input_tokens": (
        *("input_tokens", "prompt_tokens", "tokens_prompt", "usage_input_tokens", "n_context_tokens_total"),
        *("context_tokens", "num_input_tokens"),
    ),
    "output_tokens": (
        *("output_tokens", "completion_tokens", "tokens_completion", "usage_output_tokens"),
        *("n_generated_tokens_total", "generated_tokens", "num_output_tokens"),
    ),
    "amount": (
        *("amount", "cost", "amount_value", "total_cost", "cost_total", "amount_usd", "cost_usd", "total_cost_usd"),
        *("cost_in_billing_currency", "costinbillingcurrency", "usage_cost"),
    ),
    "currency": ("currency", "amount_currency", "billing_currency", "billingcurrency", "currency_code"),
}
NEEDED = ("period", "model")
_FIELD_OF = {alias: field for field, aliases in ALIASES.items() for alias in aliases}


def places_of(header: Sequence[str]) -> dict[str, int]:
    """Where each known column stands; others are left aside. Raises InvoiceRefused."""
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        field = _FIELD_OF.get(_plain(name))
        if field is None:
            continue
        if field in places:
            said = f"{header[places[field]]!r} and {name!r}"
            raise InvoiceRefused(f"Line 1: {said} both say the {field}: leave one of them out.")
        places[field] = place
    missing = [field for field in NEEDED if field not in places]
    if missing or not {"amount", "input_tokens", "output_tokens"} & set(places):
        raise InvoiceRefused(
            "Line 1: name a column for the day or month, one for the model, and at least one of input_tokens,"
            f" output_tokens and amount. Not found: {', '.join(missing) or 'any figure'}."
        )
    return places


def _plain(name: str) -> str:
    """Small letters and single underscores: `Usage Date (UTC)` is usage_date_utc."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
