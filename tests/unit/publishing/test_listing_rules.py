"""Names, versions, prices and credentials of listings, as tables."""

import base64
import itertools

import pytest
from pydantic import SecretStr

from publishing.listings.entity_tags import revision_of, tag_of
from publishing.listings.errors import CredentialUnreadable, ListingChanged
from publishing.listings.names import NameRefused, NameReserved, name_to_publish, split_version
from publishing.listings.price_rules import PriceRefused, dollars, price_from_dollars, price_per_token, prices_of
from publishing.listings.sealed_credentials import CredentialSeal, SealingKeyRefused
from publishing.listings.semantic_version import VersionRefused, place_of, require_greater
from publishing.listings.submission_bodies import PricingBody
from publishing.listings.version_content import Prices


@pytest.mark.parametrize("name", ["echo", "a", "my-model_2.1", "red/echo", "x" * 64])
def test_a_name_of_its_own_is_taken(name: str) -> None:
    assert name_to_publish(name, "red") == name.rpartition("/")[2]


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "Echo", "a b", "blue/echo", "red/", "red/a/b", "x" * 65, "a\n", "é", "a@1", "a:b"]
)
def test_a_name_of_another_form_or_team_is_refused(name: str) -> None:
    with pytest.raises(NameRefused):
        name_to_publish(name, "red")


@pytest.mark.parametrize(
    "name", ["gpt-4o", "claude-mine", "gemini-x", "llama3", "o1", "auto", "openai", "command-r", "text-embedding-3"]
)
def test_names_that_callers_know_as_a_vendors_are_reserved(name: str) -> None:
    with pytest.raises(NameReserved):
        name_to_publish(name, "red")


def test_nothing_is_published_under_a_vendors_slug() -> None:
    with pytest.raises(NameReserved):
        name_to_publish("echo", "openai")


def test_a_version_may_stand_behind_a_name() -> None:
    assert split_version("red/echo@1.0.0") == ("red/echo", "1.0.0")
    assert split_version("red/echo") == ("red/echo", "")


def test_versions_sort_as_semver_says() -> None:
    order = ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    order += ["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"]
    for lower, higher in itertools.pairwise(order):
        require_greater(higher, lower)
        with pytest.raises(VersionRefused):
            require_greater(lower, higher)
    with pytest.raises(VersionRefused):
        require_greater("1.0.0", "1.0.0")


@pytest.mark.parametrize(
    "text", ["", "1", "1.0", "v1.0.0", "01.0.0", "1.0.0+build", "1.0.0-", "1.0.0-01", "1.0.0\n", "\u0661.0.0"]
)
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(VersionRefused):
        place_of(text)


@pytest.mark.parametrize(
    ("text", "nanodollars"),
    [("0.15", 150_000_000), ("0", 0), ("15", 15_000_000_000), ("0.000000001", 1), (None, None), ("unknown", None)],
)
def test_dollars_become_nanodollars_and_back(text: str | None, nanodollars: int | None) -> None:
    assert price_from_dollars(text, "/p") == nanodollars
    if nanodollars is not None:
        assert dollars(nanodollars) == text
    assert dollars(None) is None


@pytest.mark.parametrize(
    "text", ["-1", "free", "NaN", "Infinity", "1e400", "0.0000000001", "1000001", "9" * 60, "-0.1"]
)
def test_what_cannot_be_charged_is_refused(text: str) -> None:
    with pytest.raises(PriceRefused):
        price_from_dollars(text, "/p")


@pytest.mark.parametrize(
    ("text", "nanodollars"),
    [
        ("0.00003", 30_000_000_000),
        ("0.00000015", 150_000_000),
        ("0", 0),
        ("-1", None),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
        ("0.0000000000000004", 0),
        ("0.0000000000000005", 1),
        (0.5, 500_000_000_000_000),
        ("1e999999", None),
    ],
)
def test_a_price_per_token_is_exact_and_a_negative_one_unknown(text: object, nanodollars: int | None) -> None:
    assert price_per_token(text) == nanodollars


def test_the_pricing_model_follows_from_the_prices() -> None:
    assert prices_of(None, None, None).model == "unknown"
    assert prices_of(None, 0, 0).model == "free"
    assert prices_of(None, 0, None).model == "usage"
    assert prices_of(None, 0, 0, 0).model == "free"
    assert prices_of(None, 0, 0, 1).model == "usage"
    assert prices_of(None, None, None, 1) == Prices("usage", None, None, 1)
    assert prices_of("subscription", None, None).model == "subscription"


def test_a_price_of_cached_tokens_is_stated_beside_the_others() -> None:
    stated = PricingBody(input="2.5", output="10", cached_input="1.25")
    assert stated.prices() == Prices("usage", 2_500_000_000, 10_000_000_000, 1_250_000_000)
    assert PricingBody(input="2.5", output="10").prices().cached_input is None
    with pytest.raises(PriceRefused):
        PricingBody(cached_input="-1").prices()


def seal(first: int = 0) -> CredentialSeal:
    key = base64.b64encode(bytes([first, *range(31)])).decode()
    return CredentialSeal(SecretStr(key), bytes)


def test_a_sealed_credential_opens_for_its_own_version_and_host_alone() -> None:
    sealed = seal().seal(SecretStr("secret"), "ver_1", "host:443")
    assert b"secret" not in sealed
    assert seal().open(sealed, "ver_1", "host:443").get_secret_value() == "secret"
    for opener, version, host in [
        (seal(), "ver_2", "host:443"),
        (seal(), "ver_1", "evil:443"),
        (seal(9), "ver_1", "host:443"),
    ]:
        with pytest.raises(CredentialUnreadable):
            opener.open(sealed, version, host)
    with pytest.raises(CredentialUnreadable):
        seal().open(b"", "ver_1", "host:443")


@pytest.mark.parametrize("key", ["", "short", "!" * 44, base64.b64encode(bytes(31)).decode()])
def test_a_key_of_another_length_is_refused(key: str) -> None:
    with pytest.raises(SealingKeyRefused):
        CredentialSeal(SecretStr(key), bytes)


def test_an_etag_is_the_revision() -> None:
    assert revision_of(tag_of(7)) == 7
    assert revision_of(None) is None
    assert revision_of("*") is None
    for foreign in ('W/"7"', "7", '"x"', ""):
        with pytest.raises(ListingChanged):
            revision_of(foreign)
