"""Text that came from elsewhere, made harmless for a terminal, and values written for people."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation


def harmless(text: str, kept: str = "\n\t") -> str:
    """The text without characters that steer a terminal; a name may not move the cursor or hide a line."""
    return "".join(letter if letter.isprintable() or letter in kept else "\ufffd" for letter in text)


def harmless_json(text: str) -> str:
    """JSON that says the same, with what would steer a terminal escaped: `json` leaves DEL and U+0080 to U+009F raw."""
    return "".join(letter if letter.isprintable() or letter == "\n" else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    return re.sub("....", r"\\u\g<0>", letter.encode("utf-16-be", "surrogatepass").hex())


def one_line(value: object, limit: int = 200) -> str:
    """A value in one line; nothing known is a dash."""
    if value is None or value in ("", [], ()):
        return "-"
    if isinstance(value, list | tuple):
        return one_line(", ".join(str(item) for item in value), limit)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    text = " ".join(harmless(str(value)).split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def cut_at_word(text: str, limit: int) -> str:
    """At most so many characters, and no word that is cut in two."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    return f"{head[: head.rfind(' ')] if ' ' in head else head} ..."


def count(value: object) -> str:
    """A number with thousands apart; unknown is a dash."""
    return f"{value:,}" if isinstance(value, int) else "-"


def dollars(value: object) -> str:
    """A decimal string in US dollars, without noughts that say nothing; unknown is unknown, never 0."""
    if value is None:
        return "unknown"
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return one_line(value)
    text = f"{amount:f}"
    if "." in text:
        whole, _, part = text.partition(".")
        text = f"{whole}.{part.rstrip('0').ljust(2, '0')}"
    return f"${text}"


def prompt_price(price: object, cached: object) -> str:
    """A price of prompt tokens, with that of cached ones where they have one of their own."""
    return dollars(price) if cached is None else f"{dollars(price)} ({dollars(cached)} cached)"


def moment(value: object) -> str:
    """A time of the marketplace in UTC, to the second."""
    try:
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return one_line(value)


def seconds_between(start: object, end: object) -> float | None:
    """How long something took, where both times are known."""
    try:
        return (datetime.fromisoformat(str(end)) - datetime.fromisoformat(str(start))).total_seconds()
    except ValueError:
        return None
