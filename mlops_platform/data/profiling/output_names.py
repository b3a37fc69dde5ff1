"""The identifiers under which the columns of a source land."""

import re
from collections.abc import Sequence
from typing import Final

LONGEST: Final = 63
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def output_names(names: Sequence[str]) -> dict[str, str]:
    """An identifier for each name, all different; `DepDelay` is `dep_delay`."""
    outputs: dict[str, str] = {}
    for name in names:
        plain = _OTHER.sub("_", _CAMEL.sub("_", name).lower()).strip("_")
        if not plain[:1].isalpha():
            plain = f"column_{plain}".rstrip("_")
        plain, taken, number = plain[:LONGEST], set(outputs.values()), 2
        candidate = plain
        while candidate in taken:
            candidate = f"{plain[: LONGEST - 4]}_{number}"
            number += 1
        outputs[name] = candidate
    return outputs
