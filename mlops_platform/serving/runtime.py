"""What the environment says about one running service, read once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from mlops_platform.errors import ServingError

PREFIX = "MLOPS_SERVING_"

AuthenticationMode = Literal["auto", "required"]
"""`auto` asks for a token unless none is configured and the request came in on loopback."""


@dataclass(frozen=True)
class RuntimeSettings:
    """Everything a service is told beside its Bento; all of it is optional.

    Args:
        pointer: the release pointer to follow; None serves what is packed.
        challenger: the challenger pointer to follow.
        bentos: BentoML store with the Bentos that the pointers name.
        log: folder of the prediction log and of service events; None writes neither.
        online_store: SQLite file or PostgreSQL address of the latest features by entity.
        tokens_file: one token per line; read again when it changes.
        drain_file: while it exists, the service is not ready and keeps no connection.
        public_key: Ed25519 key in PEM by which every Bento and pointer must be signed; None asks
            for no signature.
        trust_packed: digest of the packed version that may serve although no pointer names it, or
            `true` for whichever is packed; None for none but a signed one.
        traces: OTLP endpoint that takes traces over HTTP; None makes none.
    """

    pointer: Path | None = None
    challenger: Path | None = None
    bentos: Path | None = None
    log: Path | None = None
    online_store: Path | str | None = None
    poll_seconds: float = 1.0
    tokens: tuple[str, ...] = ()
    tokens_file: Path | None = None
    authentication: AuthenticationMode = "auto"
    drain_file: Path | None = None
    public_key: Path | None = None
    trust_packed: str | None = None
    traces: str | None = None


def read_runtime(environment: Mapping[str, str]) -> RuntimeSettings:
    """Read the settings of this service from `MLOPS_SERVING_*`.

    Raises:
        ServingError: a value is none that the variable can have.
    """

    def value(name: str) -> str | None:
        return environment.get(PREFIX + name) or None

    def path(name: str) -> Path | None:
        text = value(name)
        return Path(text).expanduser() if text else None

    store = value("ONLINE_STORE")
    return RuntimeSettings(
        pointer=path("POINTER"),
        challenger=path("CHALLENGER"),
        bentos=path("BENTOS"),
        log=path("LOG"),
        online_store=store if store is None or "://" in store else Path(store).expanduser(),
        poll_seconds=_poll_seconds(value("POLL_SECONDS") or "1.0"),
        tokens=tuple(filter(None, map(str.strip, (value("TOKENS") or "").split(",")))),
        tokens_file=path("TOKENS_FILE"),
        authentication=_mode(value("AUTHENTICATION") or "auto"),
        drain_file=path("DRAIN_FILE"),
        public_key=path("PUBLIC_KEY"),
        trust_packed=_trust_packed(value("TRUST_PACKED")),
        traces=value("TRACES"),
    )


def _poll_seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise _unusable("POLL_SECONDS", text, "Give seconds above 0, 3600 at most.")
    return seconds


def _mode(text: str) -> AuthenticationMode:
    if text not in ("auto", "required"):
        raise _unusable("AUTHENTICATION", text, "Write `auto` or `required`.")
    return cast(AuthenticationMode, text)


def _trust_packed(text: str | None) -> str | None:
    if text is not None and text != "true" and not re.fullmatch("[0-9a-f]{64}", text):
        raise _unusable("TRUST_PACKED", text, "Write `true`, or the digest of the Bento.")
    return text


def _unusable(name: str, value: str, fix: str) -> ServingError:
    return ServingError(f"{PREFIX}{name}: {value!r} is not usable. {fix}")
