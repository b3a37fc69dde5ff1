"""The identifiers under which the columns of a source land."""

import re
from collections.abc import Sequence
from typing import Final

from mlops_platform.data.landing.landed_table import KNOWN_AT, RESERVED

LONGEST: Final = 63
TAKEN: Final = frozenset({*RESERVED, KNOWN_AT})
"""Columns that landing adds to every table."""
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def output_names(names: Sequence[str]) -> dict[str, str]:
    """An identifier for each name, all different; `DepDelay` is `dep_delay`."""
    outputs: dict[str, str] = {}
    for name in names:
        plain = _OTHER.sub("_", _CAMEL.sub("_", name).lower()).strip("_")
        if not plain[:1].isalpha():
            plain = f"column_{plain}".rstrip("_")
        if plain in TAKEN:
            plain = f"source_{plain}"
        plain, taken, number = plain[:LONGEST], set(outputs.values()), 2
        candidate = plain
        while candidate in taken:
            candidate = f"{plain[: LONGEST - 4]}_{number}"
            number += 1
        outputs[name] = candidate
    return outputs
