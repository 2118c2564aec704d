"""What callers read about a listing's end in the headers of their calls."""

from typing import Any

from dataplane.records import Route
from dataplane.route_lines import end_announced

ROUTE: dict[str, Any] = {
    "listing_id": "lst_1",
    "listing_version_id": "ver_1",
    "name": "old",
    "version": "1.0.0",
    "endpoint_url": "https://vendor.example/v1",
    "upstream_model": "m",
}


def test_a_published_listing_announces_nothing() -> None:
    assert end_announced(Route(**ROUTE)) == []


def test_a_deprecated_listing_says_since_when_until_when_and_what_follows() -> None:
    route = Route(**ROUTE, deprecated_at=1_700_000_000_900_000, sunset_at=1_700_086_400_000_000, successor="red/new")
    assert end_announced(route) == [
        (b"deprecation", b"@1700000000"),
        (b"sunset", b"Wed, 15 Nov 2023 22:13:20 GMT"),
        (b"link", b'</v1/models/red/new>; rel="successor-version"'),
    ]


def test_a_strange_successor_stays_inside_its_link() -> None:
    [(_, link)] = end_announced(Route(**ROUTE, successor='a"> \u00e9\r\nx: y'))
    assert link.count(b">") == 1
    assert b"\r" not in link
    assert link.isascii()
