"""Bearer tokens: who may ask."""

from __future__ import annotations

import hashlib
import hmac
import logging
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from mlops_platform.errors import ServingError
from mlops_platform.serving.runtime import RuntimeSettings

logger = logging.getLogger("mlops_platform.serving")

RECHECK_SECONDS = 1.0
MOST_REMEMBERED = 64
"""Headers: a token can be sent in any number of spellings."""
CONFIGURE = (
    "set MLOPS_SERVING_TOKENS (separated by commas) or MLOPS_SERVING_TOKENS_FILE (one a line)"
)
_FORWARDED = (b"forwarded", b"x-forwarded-for")

Headers = Mapping[bytes, bytes]


class Unauthenticated(ServingError):
    """A request that shows no valid token; the message says what to do."""


class Authentication:
    """Lets requests with one of the tokens pass.

    Several tokens may be valid at once, so that they can be rotated. Without any, requests pass
    on loopback only, unless the mode is `required`; one that a proxy forwarded is not local.

    Raises:
        ServingError: the tokens' file cannot be read at the start.
    """

    def __init__(
        self, runtime: RuntimeSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._mode, self._clock = runtime.authentication, clock
        self._named = _digests(runtime.tokens)
        self._file = _TokensFile(runtime.tokens_file) if runtime.tokens_file else None
        self._digests, self._checked = self._current(), clock()
        self._passed: set[bytes] = set()
        if self.is_required and not self._digests:
            logger.error("no token is configured, so that every request is refused: %s", CONFIGURE)

    @property
    def is_required(self) -> bool:
        """Whether loopback needs a token as well."""
        return self._mode == "required" or self._file is not None or bool(self._digests)

    def require(self, headers: Headers, server: Any) -> None:
        """Pass, or refuse.

        Args:
            server: address that the request came in on, as ASGI tells it.

        Raises:
            Unauthenticated: no token, or a wrong one.
        """
        now = self._clock()
        if self._file is not None and now - self._checked >= RECHECK_SECONDS:
            self._digests, self._checked = self._current(), now
            self._passed.clear()
        sent = headers.get(b"authorization", b"")
        if sent in self._passed:
            return
        if not self.is_required and _is_local(headers, server):
            return
        if not self._digests:
            raise Unauthenticated(
                f"No token is configured; whoever runs the service must {CONFIGURE}."
            )
        scheme, _, token = sent.partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            raise Unauthenticated("Send the header `Authorization: Bearer <token>`.")
        digest = hashlib.sha256(token.strip()).digest()
        # Every token is compared, so that the time tells nothing about them.
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise Unauthenticated("The token is not valid (any more); ask for a new one.")
        # A header that passed once passes until the tokens are looked at again.
        if len(self._passed) < MOST_REMEMBERED:
            self._passed.add(sent)

    def _current(self) -> tuple[bytes, ...]:
        return self._named if self._file is None else (*self._named, *self._file.digests())


class _TokensFile:
    """Digests of the tokens of a file, read again when it was changed or replaced."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._version, self._digests = self._read()
        except (OSError, UnicodeDecodeError) as error:
            raise ServingError(
                f"MLOPS_SERVING_TOKENS_FILE: {path} cannot be read ({error}); give a text file "
                "with one token a line."
            ) from error

    def digests(self) -> tuple[bytes, ...]:
        """Digests of the present tokens; the last known where the file cannot be read."""
        try:
            if _version(self._path) != self._version:
                self._version, self._digests = self._read()
                logger.info("read %d tokens from %s", len(self._digests), self._path)
        except (OSError, UnicodeDecodeError) as error:
            logger.error("kept the known tokens: %s cannot be read (%s)", self._path, error)
        return self._digests

    def _read(self) -> tuple[tuple[int, ...], tuple[bytes, ...]]:
        version = _version(self._path)
        lines = (line.strip() for line in self._path.read_text(encoding="utf-8").splitlines())
        return version, _digests(tuple(x for x in lines if x and not x.startswith("#")))


def _version(path: Path) -> tuple[int, ...]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _digests(tokens: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(hashlib.sha256(token.encode()).digest() for token in tokens)


def _is_local(headers: Headers, server: Any) -> bool:
    if any(name in headers for name in _FORWARDED):
        return False
    # A Unix socket has a path and no port: its permissions say who may connect.
    return bool(server) and (server[1] is None or _is_loopback(server[0]))


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
