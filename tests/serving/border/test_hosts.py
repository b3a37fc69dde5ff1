"""Which names are judged, and where."""

import pytest

from mlops_platform.serving.border.hosts import AllowedHosts, host_of, is_loopback

STRANGE = b"rebound.example.com"


def test_without_a_list_names_are_judged_on_loopback_only() -> None:
    hosts = AllowedHosts(())
    assert not hosts.allow(STRANGE, True)
    assert hosts.allow(STRANGE, False)  # there every request needs a token


def test_a_list_holds_on_every_address() -> None:
    hosts = AllowedHosts(("models.example.org",))
    for on_loopback in (True, False):
        assert not hosts.allow(STRANGE, on_loopback)
        assert hosts.allow(b"Models.example.org:443", on_loopback)
        assert hosts.allow(b"localhost", on_loopback)
        assert hosts.allow(b"10.1.2.3:3000", on_loopback)  # a probe of Kubernetes


def test_a_star_allows_every_name() -> None:
    assert AllowedHosts(("*",)).allow(STRANGE, True)


@pytest.mark.parametrize(
    ("header", "host"),
    [
        ("a.example:80", "a.example"),
        ("A.example.", "a.example"),
        ("[::1]:80", "::1"),
        ("[::1", "::1"),
        ("", ""),
        (":80", ""),
    ],
)
def test_the_port_is_no_part_of_the_name(header: str, host: str) -> None:
    assert host_of(header) == host


def test_what_is_no_name_and_no_address_is_refused() -> None:
    hosts = AllowedHosts(())
    assert not any(hosts.allow(header, True) for header in (b"", b":80", b"\xff", b"a b", b"[x]"))


def test_a_unix_socket_is_on_the_machine() -> None:
    assert is_loopback(None)
    assert is_loopback("127.0.0.2")
    assert is_loopback("::1")
    assert not is_loopback("10.1.2.3")
