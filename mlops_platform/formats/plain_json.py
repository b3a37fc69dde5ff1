"""JSON that everybody reads: a number that is none has no JSON, and is null there.

Python writes NaN and Infinity, which `JSON.parse` of a browser, jq and most languages refuse, with
all that is around them. Records that only the platform reads keep them.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any


def plain_json(value: Any, *, indent: int | None = None, sort_keys: bool = False) -> str:
    """A value of numbers, texts, lists and mappings as JSON."""
    plain = finite(value)
    return json.dumps(
        plain, indent=indent, sort_keys=sort_keys, ensure_ascii=False, allow_nan=False
    )


def finite(value: Any) -> Any:
    """The value, in which each number that is none is None."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [finite(member) for member in value]
    return value
