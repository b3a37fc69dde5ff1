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
    """A stored mapping of some kind, as it would be written today; as it is if it is none."""
    for number, upgrade in sorted(UPGRADES.get(kind, {}).items()):
        if stored_format < number:
            try:
                value = upgrade(value)
            except (AttributeError, LookupError, TypeError):
                # Whoever validates it says what is missing.
                return value
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


_FORMER_NAMES: Final = {"name": "log loss", "baseline_name": "base rate"}
_FORMER_DETAILS: Final = ("threshold", "confusion", "calibration", "roc", "precision_recall")
_FORMER_CRITERIA: Final = {
    "better_than_base_rate": "better_than_baseline",
    "minimum_quality": "limits",
    "calibration": "limits",
}
_FORMER_CHECKS: Final = {
    "performance/log_loss_increase": "performance/loss_increase",
    "performance/better_than_base_rate": "performance/better_than_baseline",
    "performance/calibration_error": "performance/expected_calibration_error",
    **{f"gate/{former}": f"gate/{criterion}" for former, criterion in _FORMER_CRITERIA.items()},
}


def _targets_became_facts(value: Stored) -> Stored:
    rest = {name: content for name, content in value.items() if name != "positive_rate"}
    return {**rest, "targets": {"positive_rate": value["positive_rate"]}}


def _thresholds_became_constants(value: Stored) -> Stored:
    rest = {name: content for name, content in value.items() if name != "threshold"}
    return {**rest, "constants": {"threshold": value["threshold"]}}


def _a_base_rate_became_a_baseline(value: Stored) -> Stored:
    rest = {name: content for name, content in value.items() if name != "base_rate"}
    return {**rest, "baseline": {"base_rate": value["base_rate"]}}


def _a_fit_is_of_a_task(value: Stored) -> Stored:
    return _thresholds_became_constants(_a_base_rate_became_a_baseline(value))


def _a_packed_release_is_of_a_task(value: Stored) -> Stored:
    return {**_thresholds_became_constants(value), "task": "binary_classification"}


def _evaluations_are_of_a_task(value: Stored) -> Stored:
    former = ("positive_rate", "train_base_rate", "base_rate", *_FORMER_DETAILS)
    metrics, baseline_metrics = value["metrics"], value["base_rate"]
    details = {name: value[name] for name in ("rows", "positive_rate", *_FORMER_DETAILS)}
    return {
        **{name: content for name, content in value.items() if name not in former},
        "targets": {"positive_rate": value["positive_rate"]},
        "constants": {"threshold": value["threshold"]},
        "baseline": {"base_rate": value["train_base_rate"]},
        "loss": metrics["log_loss"],
        "baseline_loss": baseline_metrics["log_loss"],
        "baseline_metrics": baseline_metrics,
        "details": details,
    }


def _subgroups_are_of_a_task(value: Stored) -> Stored:
    rate = value["positive_rate"]
    metrics = {name: value[name] for name in ("roc_auc", "expected_calibration_error")}
    return {
        **{name: value[name] for name in ("column", "value", "rows", "judged")},
        "targets": {"positive_rate": rate},
        "loss": value["log_loss"],
        "baseline_loss": value["base_rate_log_loss"] if 0 < rate < 1 else None,
        "metrics": {name: metric for name, metric in metrics.items() if metric is not None},
    }


def _daily_sums_are_of_the_loss(value: Stored) -> Stored:
    rest = {name: content for name, content in value.items() if name != "brier_sum"}
    return renamed(log_loss_sum="loss_sum")(rest)


def _windows_keep_every_mean(value: Stored) -> Stored:
    former = ("mean_score", "positive_share")
    rest = {name: content for name, content in value.items() if name not in former}
    means = {"score": value["mean_score"], "decision": value["positive_share"]}
    return _thresholds_became_constants({**rest, "means": means})


def _references_are_of_a_task(value: Stored) -> Stored:
    return {
        **renamed(base_rate_log_loss="test_baseline_loss")(_a_base_rate_became_a_baseline(value)),
        "loss": "log_loss",
        "test_loss": value["metrics"]["log_loss"],
    }


def _golden_rows_keep_numbers(value: Stored) -> Stored:
    return {"features": value["features"], "numbers": [value["probability"]]}


def _recipes_tell_the_direction(value: Stored) -> Stored:
    return {**value, "greater_is_better": value["metric"] in ("roc_auc", "average_precision")}


def _criteria_are_of_any_task(value: Stored) -> Stored:
    return {**value, "name": _FORMER_CRITERIA.get(value["name"], value["name"])}


def _checks_are_of_any_task(value: Stored) -> Stored:
    check = str(value["check"])
    if check.startswith("silence/"):
        check = check.replace("silence/", "heartbeats/", 1)
    return {**value, "check": _FORMER_CHECKS.get(check, check)}


UPGRADES: Final[Mapping[str, Mapping[int, Upgrade]]] = MappingProxyType(
    {
        "ColumnBins": {2: _a_grid_became_uniform_bins},
        "ErrorBlock": {2: renamed(log_loss="loss", base_rate_log_loss="baseline_loss")},
        "Criterion": {4: _criteria_are_of_any_task},
        "DailySum": {4: _daily_sums_are_of_the_loss},
        # Renamed before formats had numbers.
        "EvaluatedCandidate": {1: _schema_match_became_a_serving_fault},
        "Evaluation": {4: _evaluations_are_of_a_task},
        "GoldenRow": {4: _golden_rows_keep_numbers},
        "LossFigures": {4: lambda value: {**_FORMER_NAMES, **value}},
        "Observation": {3: _runs_are_of_stages, 4: _checks_are_of_any_task},
        "PackedRelease": {4: _a_packed_release_is_of_a_task},
        "PartFacts": {4: _targets_became_facts},
        "PastFit": {4: _a_fit_is_of_a_task},
        "PolicyOutcome": {2: renamed(log_loss="loss", log_loss_by_window="loss_by_window")},
        "Recipe": {4: _recipes_tell_the_direction},
        "Reference": {4: _references_are_of_a_task},
        "RegisteredCandidate": {4: _thresholds_became_constants},
        "ScoredWindow": {4: _windows_keep_every_mean},
        "Subgroup": {4: _subgroups_are_of_a_task},
        "TrainedCandidate": {4: _a_fit_is_of_a_task},
        "TrainingSet": {4: _targets_became_facts},
        "WindowPerformance": {2: _losses_became_one_record},
    }
)
"""By the name of a `Record`, and by the format that is written since."""
