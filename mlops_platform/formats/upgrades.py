"""What changed in which format: small functions from a stored mapping to that of the next format.

A class that renames a field gets an entry under its name, for the format that is the first to be
written with the new name, wherever values of the class are nested. Entries are never removed.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

Stored = dict[str, Any]
Upgrade = Callable[[Stored], Stored]


def upgraded(kind: str, value: Stored, stored_format: int) -> Stored:
    """A stored mapping of some kind, as it would be written today."""
    for number, upgrade in sorted(UPGRADES.get(kind, {}).items()):
        if stored_format < number:
            value = upgrade(value)
    return value


def renamed(**names: str) -> Upgrade:
    """The upgrade that gives fields other names, old=new; those that are absent stay absent."""
    return lambda value: {names.get(name, name): content for name, content in value.items()}


def _schema_match_became_a_serving_fault(value: Stored) -> Stored:
    if "schema_matches" not in value:
        return value
    matches = value["schema_matches"]
    rest = {name: content for name, content in value.items() if name != "schema_matches"}
    fault = None if matches else "the serving path did not take the feature schema"
    return {"serving_fault": fault, **rest}


def _a_grid_became_uniform_bins(value: Stored) -> Stored:
    value = renamed(atoms="point_masses")(value)
    return {**value, "kind": "uniform"} if value.get("kind") == "grid" else value


UPGRADES: Final[Mapping[str, Mapping[int, Upgrade]]] = MappingProxyType(
    {
        "ColumnBins": {2: _a_grid_became_uniform_bins},
        # Renamed before formats had numbers.
        "EvaluatedCandidate": {1: _schema_match_became_a_serving_fault},
    }
)
"""By the name of a `Record`, and by the format that is written since."""
