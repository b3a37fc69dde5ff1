"""What validation finds, told as a problem: the field, the value, and what to send instead."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import Repr
from typing import Any

from pydantic import ValidationError

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.http.problems import INVALID, MALFORMED, FieldError, Problem

COLUMNS = "columns"
"""What names the columns of a batch in its body."""
MOST_ERRORS = 20
"""More are counted, but not listed: a batch can have thousands."""

_BOUNDS = f"Send a number from {-LARGEST_NUMBER:g} to {LARGEST_NUMBER:g}."
_FIXES = {
    "missing": "Send the field; null where it is not known and null is allowed.",
    "extra_forbidden": "Leave it out; the model has no such field.",
    "float_type": "Send a number.",
    "greater_than_equal": _BOUNDS,
    "less_than_equal": _BOUNDS,
    "finite_number": "Send a finite number; null where it is not known and null is allowed.",
    "string_type": "Send a string.",
    "bool_type": "Send true or false.",
    "string_pattern_mismatch": "Send a string without NUL characters.",
    "dict_type": "Send an object.",
    "list_type": "Send a list of rows.",
}
_COLUMN_FIXES = {
    "missing": "Send the column; null for what is not known, where null is allowed.",
    "list_type": "Send a list of values, one for each row.",
}
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
_SHORT.maxdict = _SHORT.maxlist = 3


def problem_of(error: ValidationError) -> Problem:
    """The problem of a body that is not what the endpoint takes."""
    faults = error.errors(include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return Problem(MALFORMED, f"{faults[0]['msg']}; send one JSON object in UTF-8.")
    return unusable([_field_error(dict(fault)) for fault in faults[:MOST_ERRORS]], len(faults))


def unusable(errors: Sequence[FieldError], count: int) -> Problem:
    """The problem of a body with `count` faults, of which the first are told."""
    named = ", ".join(dict.fromkeys(error.field for error in errors))
    more = f" and {count - len(errors)} more" if count > len(errors) else ""
    return Problem(INVALID, f"Not usable: {named or 'the body'}{more}.", errors)


def _field_error(fault: dict[str, Any]) -> FieldError:
    kind, place = fault["type"], fault["loc"]
    fixes = _COLUMN_FIXES if len(place) == 2 and place[0] == COLUMNS else _FIXES
    return FieldError(
        field=".".join(map(str, place))[:200],
        # What holds a missing field is the row itself, which says nothing.
        value=None if kind == "missing" else _shown(fault["input"]),
        fix=fixes.get(kind) or _FIXES.get(kind) or f"{fault['msg']}{_length(fault)}.",
    )


def _length(fault: dict[str, Any]) -> str:
    """How long a string is that is too long: the value is shown in part only."""
    return f"; it has {len(fault['input'])}" if fault["type"] == "string_too_long" else ""


def _shown(value: object) -> str:
    try:
        return _SHORT.repr(value)[:100]
    except ValueError:  # Python does not write integers of thousands of digits
        return "an integer of thousands of digits"
