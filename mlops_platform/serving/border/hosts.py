"""By which names a service may be asked: a page of another name must not reach loopback."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

ANY = "*"
REMEMBERED = 256
"""Values of the header whose verdict is kept; clients may invent any number of them."""


class AllowedHosts:
    """Judges the header `Host`, against DNS rebinding.

    A page whose name suddenly resolves to 127.0.0.1 is of the same origin as the service, to the
    browser, and asks it under that name. So a name must be one of loopback or a configured one; an
    address passes, because it is no name that could resolve to something else. Where nothing is
    configured, names are judged on loopback alone: elsewhere every request needs a token, which
    such a page does not have.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self.allow = lru_cache(REMEMBERED)(self._allow)

    def _allow(self, header: bytes, on_loopback: bool) -> bool:
        if ANY in self._names or not (self._names or on_loopback):
            return True
        name = host_of(header.decode("latin-1"))
        return (
            name in self._names
            or name == "localhost"
            or name.endswith(".localhost")
            or is_address(name)
        )


def host_of(header: str) -> str:
    """The name or address in a header `Host`, without its port."""
    text = header.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".")


def is_address(host: str) -> bool:
    """Whether a host is a number and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str | None) -> bool:
    """Whether a connection to this address stays on the machine; a Unix socket's has none."""
    return host is None or (is_address(host) and ip_address(host).is_loopback)
