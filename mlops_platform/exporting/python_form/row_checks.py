"""What a row must be, as the service has it; part of every exported program.

It needs the standard library alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.serving.schema import MAX_TEXT, known_categories, unknown_text

MOST_FAULTS = 20
"""More are counted, but not listed."""


class Feature(NamedTuple):
    """What one feature of a row may be.

    Attributes:
        kind: numeric, boolean or categorical.
        categories: that training saw; None where there were too many to list.
        told_if_missing: whether a missing one is warned of as well.
    """

    name: str
    kind: str
    missing_allowed: bool
    categories: tuple[str, ...] | None = None
    told_if_missing: bool = False


class FieldFault(NamedTuple):
    """What is wrong about one field, and what to send instead."""

    field: str
    value: str | None
    fix: str


class InvalidRow(ValueError):
    """A row that cannot be scored.

    Attributes:
        faults: one for each field at fault; none where the row as a whole is.
    """

    def __init__(self, detail: str, faults: Sequence[FieldFault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class RowChecks:
    """Checks of rows of one model.

    Args:
        entity: name of the key, which may be left out.
    """

    def __init__(self, features: Sequence[Feature], entity: str) -> None:
        self._features, self._entity = tuple(features), entity
        self._names = {feature.name for feature in features} | {entity}
        self._known = [
            (feature.name, known_categories(feature.categories, feature.told_if_missing))
            for feature in features
            if feature.categories is not None
        ]

    def checked(self, row: Any) -> dict[str, Any]:
        """The features of a row by name, numbers as floats, and None where missing.

        Raises:
            InvalidRow: a field is missing, unknown or of another type; it names each.
        """
        if not isinstance(row, Mapping):
            raise InvalidRow("Not usable: the row.", [FieldFault("", _shown(row), _OBJECT)])
        checked: dict[str, Any] = {}
        faults = []
        for feature in self._features:
            name = feature.name
            if name not in row:
                faults.append(FieldFault(name, None, _MISSING))
                continue
            value = row[name]
            if value is None and feature.missing_allowed:
                checked[name] = None
                continue
            fix = _FAULTS[feature.kind](value)
            if fix is not None:
                faults.append(FieldFault(name, _shown(value), fix))
            else:
                checked[name] = float(value) if feature.kind == "numeric" else value
        entity = row.get(self._entity)
        if entity is not None and (fix := text_fault(entity)) is not None:
            faults.append(FieldFault(self._entity, _shown(entity), fix))
        faults += [
            FieldFault(str(name)[:MAX_TEXT], _shown(row[name]), _UNKNOWN)
            for name in row
            if name not in self._names
        ]
        if faults:
            named = ", ".join(fault.field for fault in faults[:MOST_FAULTS])
            more = f" and {len(faults) - MOST_FAULTS} more" if len(faults) > MOST_FAULTS else ""
            raise InvalidRow(f"Not usable: {named}{more}.", faults[:MOST_FAULTS])
        return checked

    def warnings(self, row: Mapping[str, Any]) -> list[dict[str, str]]:
        """What is odd about a checked row: categories that training never saw, or that it lacks."""
        return [
            {
                "field": name,
                "kind": "unknown_category",
                "message": unknown_text(name, row[name]),
            }
            for name, known in self._known
            if row[name] not in known
        ]


_OBJECT = "Send an object."
_MISSING = "Send the field; null where it is not known and null is allowed."
_UNKNOWN = "Leave it out; the model has no such field."


def number_fault(value: Any) -> str | None:
    """Why a value is no number that a model takes; None where it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "Send a number."
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        if isinstance(value, float) and not isfinite(value):
            return "Send a finite number; null where it is not known and null is allowed."
        return f"Send a number from {-LARGEST_NUMBER:g} to {LARGEST_NUMBER:g}."
    return None


def flag_fault(value: Any) -> str | None:
    """Why a value is neither true nor false; None where it is."""
    return None if isinstance(value, bool) else "Send true or false."


def text_fault(value: Any) -> str | None:
    """Why a value is no text that a model takes; None where it is."""
    if not isinstance(value, str):
        return "Send a string."
    if len(value) > MAX_TEXT:
        return f"Send at most {MAX_TEXT} characters; it has {len(value)}."
    return "Send a string without NUL characters." if "\0" in value else None


_FAULTS = {"numeric": number_fault, "boolean": flag_fault, "categorical": text_fault}


def _shown(value: object) -> str:
    try:
        return repr(value)[:100]
    except ValueError:  # Python does not write integers of thousands of digits
        return "an integer of thousands of digits"
