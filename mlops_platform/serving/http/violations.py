"""What validation finds, told as a problem: the field, the value, and what to send instead."""

from __future__ import annotations

from reprlib import Repr
from typing import Any

from pydantic import ValidationError

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.http.problems import INVALID, MALFORMED, FieldError, Problem

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
_SHORT = Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 80
_SHORT.maxdict = _SHORT.maxlist = 3


def problem_of(error: ValidationError) -> Problem:
    """The problem of a body that is not what the endpoint takes."""
    faults = error.errors(include_url=False, include_context=False)
    if faults[0]["type"] == "json_invalid":
        return Problem(MALFORMED, f"{faults[0]['msg']}; send one JSON object in UTF-8.")
    errors = [_field_error(dict(fault)) for fault in faults[:MOST_ERRORS]]
    named = ", ".join(dict.fromkeys(error.field for error in errors))
    more = f" and {len(faults) - MOST_ERRORS} more" if len(faults) > MOST_ERRORS else ""
    return Problem(INVALID, f"Not usable: {named or 'the body'}{more}.", errors)


def _field_error(fault: dict[str, Any]) -> FieldError:
    kind = fault["type"]
    return FieldError(
        field=".".join(str(part) for part in fault["loc"])[:200],
        # What holds a missing field is the row itself, which says nothing.
        value=None if kind == "missing" else _shown(fault["input"]),
        fix=_FIXES.get(kind) or f"{fault['msg']}{_length(fault)}.",
    )


def _length(fault: dict[str, Any]) -> str:
    """How long a string is that is too long: the value is shown in part only."""
    return f"; it has {len(fault['input'])}" if fault["type"] == "string_too_long" else ""


def _shown(value: object) -> str:
    try:
        return _SHORT.repr(value)[:100]
    except ValueError:  # Python does not write integers of thousands of digits
        return "an integer of thousands of digits"
