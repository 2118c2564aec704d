"""Which endpoints a publication may bind, in every way an address can be written."""

import pytest

from publishing.validation.endpoint import check_endpoint
from publishing.validation.findings import Severity

ALLOWED = ["127.0.0.1:8080", "[::1]:9000", "Provider:80"]


def codes(url: str, protocol: str = "openai", auth: str | None = "bearer") -> set[str]:
    return {finding.code for finding in check_endpoint(url, protocol, ALLOWED, auth)}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.vendor.com/v1",
        "https://API.Vendor.com:8443/v1?x=y",
        "https://bücher.de/v1",
        "https://8.8.8.8/v1",
        "https://[2606:4700::1111]/v1",
        "http://127.0.0.1:8080/v1",
        "https://127.0.0.1:8080",
        "http://[::1]:9000/",
        "http://provider/v1",
    ],
)
def test_public_and_allow_listed_endpoints_may_be_bound(url: str) -> None:
    assert codes(url) == set()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "0",
        "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.100.100.200",
        "168.63.129.16", "192.0.0.192", "224.0.0.1", "240.0.0.1", "255.255.255.255", "0.0.0.0",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[fe80::1]", "[fc00::1]",
        "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[::ffff:0:127.0.0.1]",
        "localhost", "localhost.", "a.localhost", "metadata.google.internal", "printer.local", "db", "127.0.0.1.nip.io",
        "127。0。0。1", "①②⑦.0.0.1", "\uff4c\uff4fcalhost", "kubernetes.default.svc.cluster.local", "router.home.arpa",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_however_they_are_written(host: str) -> None:
    assert "endpoint_private" in codes(f"https://{host}/v1") | codes(f"https://{host}:8443/")


@pytest.mark.parametrize(
    "url",
    [
        "", "api.vendor.com", "https://", "https:///v1", "https://a b.com", "https://a.com\\@b.com", "https://a.com:0/",
        "https://a.com:99999/", "https://a.com:x/", "https://[::1", "https://[fe80::1%25eth0]/", "https://127.0.0.%31/",
        "https://1.2.3.4.5/", "https://256.1.1.1/", "https://08.1.1.1/", "https://a..com/", "https://-a.com/",
        "https://a.com/\n", "https://a.com/\x00", "https://" + "a" * 3000 + ".com",
    ],
)  # fmt: skip
def test_addresses_that_cannot_be_read_are_refused(url: str) -> None:
    assert "endpoint_unreadable" in codes(url)


def test_an_endpoint_without_tls_is_refused_unless_allow_listed() -> None:
    assert codes("http://api.vendor.com/v1") == {"endpoint_not_encrypted"}
    assert codes("http://127.0.0.1:8081/v1") == {"endpoint_not_encrypted", "endpoint_private"}
    assert codes("http://127.0.0.1:8080/v1") == set()


def test_an_allow_listed_address_written_otherwise_is_not_taken_for_it() -> None:
    assert codes("http://0x7f.1:8080/") == {"endpoint_not_encrypted", "endpoint_private"}


def test_the_scheme_must_carry_the_protocol() -> None:
    assert codes("ftp://api.vendor.com/") == {"endpoint_scheme"}
    assert codes("wss://api.vendor.com/", "websocket") == set()
    assert codes("wss://api.vendor.com/", "openai") == {"endpoint_scheme"}
    assert codes("ws://api.vendor.com/", "websocket") == {"endpoint_not_encrypted"}


def test_credentials_in_the_url_are_refused_even_where_the_host_is_allowed() -> None:
    assert codes("https://user:word@api.vendor.com/") == {"endpoint_userinfo"}
    assert codes("http://user@127.0.0.1:8080/") == {"endpoint_userinfo"}
    assert codes("https://api.vendor.com@127.0.0.1/") == {"endpoint_userinfo", "endpoint_private"}
    assert "hunter2" not in str(check_endpoint("https://user:hunter2@127.0.0.1/", "openai", [], "bearer"))


def test_authentication_must_be_declared_and_none_is_only_warned_of() -> None:
    assert codes("https://api.vendor.com/", auth=None) == {"auth_not_declared"}
    [finding] = check_endpoint("https://api.vendor.com/", "openai", [], "none")
    assert (finding.code, finding.severity) == ("auth_open", Severity.WARNING)
