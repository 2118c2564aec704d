"""Where Elasticsearch is, out of one URL."""

import pytest

from discovery.search.elasticsearch_address import IndexUrlRefused, elasticsearch_address


def test_credentials_are_taken_out_of_the_url_and_never_shown() -> None:
    address = elasticsearch_address("https://user%40here:p%2Fw@search.example:9200/Team-Listings")
    assert (address.node, address.prefix) == ("https://search.example:9200", "team-listings")
    assert (address.user, address.secret) == ("user@here", "p/w")
    assert "p/w" not in repr(address)


def test_without_a_path_there_is_a_prefix_and_ipv6_keeps_its_brackets() -> None:
    assert elasticsearch_address("http://[::1]:9200").node == "http://[::1]:9200"
    assert elasticsearch_address("http://[::1]:9200/").prefix == "listings"


def test_an_api_key_has_no_user() -> None:
    address = elasticsearch_address("https://:key@search.example:9200")
    assert (address.user, address.secret) == ("", "key")


@pytest.mark.parametrize(
    "url",
    ["", "search:9200", "ftp://search:9200", "http://search", "http://:9200", "http://search:port", "http://a:1/b*c"],
)
def test_what_names_no_elasticsearch_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(IndexUrlRefused) as refused:
        elasticsearch_address(url.replace("://", "://user:sesame@", 1))
    assert "sesame" not in refused.value.message
