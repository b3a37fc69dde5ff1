"""Constants of versions that were registered before a task could have others than a threshold."""

from collections.abc import Mapping
from typing import Final

_CONSTANTS: Final = "constants"
_THRESHOLD: Final = "threshold"
FORMER_TASK: Final = "binary_classification"
"""Of a version that does not say its task."""


def constants_in_tags(tags: Mapping[str, str]) -> dict[str, float] | None:
    """Those of a version of before, by its tags; None for a version of today."""
    if _CONSTANTS in tags or _THRESHOLD not in tags:
        return None
    return {_THRESHOLD: float(tags[_THRESHOLD])}
