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


_FORMER_LOSSES: Final = {
    "base_rate_log_loss": "baseline_loss",
    "reference_log_loss": "test_loss",
    "reference_base_rate_log_loss": "test_baseline_loss",
    "estimated_log_loss": "estimated_loss",
}


def _losses_became_one_record(value: Stored) -> Stored:
    rest = {name: content for name, content in value.items() if name not in _FORMER_LOSSES}
    estimated = dict(value.get("estimated_metrics", {}))
    losses = {loss: value.get(name) for name, loss in _FORMER_LOSSES.items()}
    losses["loss"] = value.get("metrics", {}).get("log_loss")
    losses["estimated_baseline_loss"] = estimated.pop("base_rate_log_loss", None)
    intervals = {
        name.replace("log_loss", "loss"): interval
        for name, interval in value.get("intervals", {}).items()
    }
    figures = {"losses": losses, "estimated_metrics": estimated, "intervals": intervals}
    return {**renamed(settled="outcomes_known")(rest), **figures}


_FORMER_JOBS: Final = {
    "train": "train",
    "watch": "watch",
    "backtest": "backtest",
    "roll_out": "roll_out",
    "land_served": "land_served",
    "export": "export_online",
}


def _runs_are_of_stages(value: Stored) -> Stored:
    """Each model had jobs of its own, and a check of their runs was `run/<stage>_<model>`."""
    check = str(value["check"])
    for former, stage in _FORMER_JOBS.items():
        if check.startswith(f"run/{former}_"):
            return {**value, "check": f"run/{stage}"}
    return value


UPGRADES: Final[Mapping[str, Mapping[int, Upgrade]]] = MappingProxyType(
    {
        "ColumnBins": {2: _a_grid_became_uniform_bins},
        "ErrorBlock": {2: renamed(log_loss="loss", base_rate_log_loss="baseline_loss")},
        # Renamed before formats had numbers.
        "EvaluatedCandidate": {1: _schema_match_became_a_serving_fault},
        "Observation": {3: _runs_are_of_stages},
        "PolicyOutcome": {2: renamed(log_loss="loss", log_loss_by_window="loss_by_window")},
        "WindowPerformance": {2: _losses_became_one_record},
    }
)
"""By the name of a `Record`, and by the format that is written since."""
