"""Constants of versions that were registered before a task could have others than a threshold."""

from collections.abc import Mapping
from typing import Final

_THRESHOLD: Final = "threshold"


def constants_in_tags(tags: Mapping[str, str]) -> dict[str, float] | None:
    """Those of a version of before, by its tags; None for a version of today."""
    return {_THRESHOLD: float(tags[_THRESHOLD])} if _THRESHOLD in tags else None
