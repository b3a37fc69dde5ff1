"""The limits of one worker's connections, read once from the environment."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_platform.errors import ServingError

PREFIX = "MLOPS_SERVING_"


@dataclass(frozen=True)
class BorderLimits:
    """What a connection may take before a request is answered.

    Args:
        head_bytes: of a request line with its headers, and of trailers.
        head_seconds: until the headers end; as long may a new connection stay silent.
        connections: open at once, in each worker.
        hosts: names by which the service is reached, beside those of loopback; `*` is any.
    """

    head_bytes: int = 64 * 1024
    head_seconds: float = 10.0
    connections: int = 1000
    hosts: tuple[str, ...] = ()


def read_limits(environment: Mapping[str, str]) -> BorderLimits:
    """Read the limits from `MLOPS_SERVING_*`.

    Raises:
        ServingError: a value is none that the variable can have.
    """
    hosts = environment.get(f"{PREFIX}HOSTS", "").lower().split(",")
    return BorderLimits(
        head_bytes=int(1024 * _number(environment, "HEAD_KILOBYTES", 64, (1, 1024))),
        head_seconds=_number(environment, "HEAD_SECONDS", 10, (0.1, 600)),
        connections=int(_number(environment, "MAX_CONNECTIONS", 1000, (1, 1_000_000))),
        hosts=tuple(filter(None, map(str.strip, hosts))),
    )


def _number(
    environment: Mapping[str, str], name: str, default: float, bounds: tuple[float, float]
) -> float:
    text = environment.get(PREFIX + name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    least, most = bounds
    if not least <= number <= most:
        raise ServingError(
            f"{PREFIX}{name}: {text!r} is not usable. Give a number from {least:g} to {most:.7g}."
        )
    return number
