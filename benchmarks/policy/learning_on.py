"""Updates by `partial_fit` against refits, on the year of flights, by the policy backtest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.policy.year import ALL_KNOWN, year_of_outcomes
from benchmarks.report import markdown_table, say
from mlops_platform.components.models import declared_spec
from mlops_platform.data.features.features import read_training_rows
from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome
from mlops_platform.settings import read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.learning_on import Base, base_of
from mlops_platform.training.rows import days_of, features_of, targets_of
from mlops_platform.training.split import split_by_time
from mlops_platform.usecases.backtest.past import read_all_outcomes, training_moments
from mlops_platform.usecases.backtest.replay import PolicyBacktest, backtest_policies
from mlops_platform.usecases.deployment import Deployment

if TYPE_CHECKING:
    from pandas import DataFrame

STEPS = {"learning_rate": "constant", "eta0": 0.001}
ESTIMATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "flight_delay": ("sklearn.linear_model.SGDClassifier", {"loss": "log_loss", **STEPS}),
    "arrival_delay": (
        "sklearn.linear_model.SGDRegressor",
        {"loss": "epsilon_insensitive", "epsilon": 0.0, **STEPS},
    ),
}
"""By model: what learns on in the place of the estimator of its first, linear candidate."""
STEPS_TRIED: Sequence[dict[str, Any]] = (
    {"learning_rate": "constant", "eta0": 0.001},
    {"learning_rate": "constant", "eta0": 0.0001},
    {"learning_rate": "constant", "eta0": 0.00001},
    {"learning_rate": "optimal"},
)
"""Of `flight_delay`: how far the model goes with each row."""
STEPPED = "flight_delay"
PERMUTED_ROWS = 100
"""Of the importances, which no policy asks for."""


def measure_learning_on(home: Path | None, models: Sequence[str]) -> str:
    """The backtest of every model, both ways, and return the tables.

    Args:
        home: folder of the year's features and of the fits, kept from one run to the next.
        models: some of `ESTIMATORS`; all where none is named.
    """
    if home is None:
        with TemporaryDirectory() as temporary:
            return measure_learning_on(Path(temporary), models)
    backtests = {model: _backtest(model, home) for model in models or ESTIMATORS}
    tables = [_table(model, backtest) for model, backtest in backtests.items()]
    if STEPPED in backtests:
        tables.append(_steps(backtests[STEPPED], home))
    return "\n".join(tables)


def learning_spec(model: str) -> ModelSpec:
    """The deployed model, of which the linear candidate alone is left, by stochastic gradients."""
    plain = declared_spec(model).model_dump(mode="json")
    linear = plain["training"]["candidates"][0]
    path, params = ESTIMATORS[model]
    linear["estimator"] = {"type": path, "params": params, "search": {"alpha": [1e-5, 1e-4, 1e-3]}}
    plain["training"]["candidates"] = [linear]
    plain["evaluation"]["permutation_rows"] = PERMUTED_ROWS
    plain["retraining"]["update"] = "partial_fit"
    plain["backtest"]["histories"] = [None]
    return ModelSpec.model_validate(plain)


def _backtest(model: str, home: Path) -> PolicyBacktest:
    spec = learning_spec(model)
    year_of_outcomes(spec, home)
    deployment = Deployment(
        read_settings({"MLOPS_HOME": str(home)}), moment_of=lambda model: ALL_KNOWN
    )
    return backtest_policies(deployment, spec, say)


def _table(model: str, backtest: PolicyBacktest) -> str:
    outcomes = [each for each in backtest.outcomes if not each.in_hindsight]
    by_policy = dict.fromkeys(each.policy for each in outcomes)
    rows = []
    for policy in by_policy:
        for gated in (False, True):
            ways = {each.update: each for each in outcomes if _is(each, policy, gated=gated)}
            cells = [_cells(ways.get(way)) for way in ("refit", "partial_fit")]
            rows.append([policy, "yes" if gated else "no", *map("{} / {}".format, *cells)])
    header = ["policy", "gate", "fits", "releases", "loss", "cost per window", "CPU s"]
    first, last = backtest.windows[0].start, backtest.windows[-1].last_day
    about = (
        f"{len(backtest.windows)} windows, {first} to {last}, `{ESTIMATORS[model][0]}` with "
        f"{backtest.recipe.params}; in each cell refit / partial_fit."
    )
    return f"## {model}\n\n{about}\n\n{markdown_table(header, rows)}\n"


def _steps(backtest: PolicyBacktest, home: Path) -> str:
    """An update for every window, released without a gate, by the step of the gradients."""
    plain = learning_spec(STEPPED).model_dump(mode="json")
    estimator = plain["training"]["candidates"][0]["estimator"]
    published = home / "lake" / "features"
    outcomes = read_all_outcomes(learning_spec(STEPPED), published, backtest.windows)
    rows = []
    for steps in STEPS_TRIED:
        estimator["params"] = {"loss": "log_loss", **steps}
        spec = ModelSpec.model_validate(plain)
        loss, never, spent = _taught_weekly(spec, backtest, published, outcomes.to_pandas())
        name = ", ".join(f"{option}={value}" for option, value in steps.items())
        rows.append([name, f"{loss:.4f}", f"{never:.4f}", f"{spent:.1f}"])
        say(" ".join(rows[-1]))
    header = ["step", "loss, updated every window", "loss, never", "CPU s of 38 updates"]
    return f"## {STEPPED}, by the step\n\nWithout a gate.\n\n{markdown_table(header, rows)}\n"


def _taught_weekly(
    spec: ModelSpec, backtest: PolicyBacktest, published: Path, outcomes: DataFrame
) -> tuple[float, float, float]:
    """Mean loss of the updates, and of the first fit, on the windows after each; CPU seconds."""
    losses, never, spent = [], [], 0.0
    base: Base | None = None
    first: Finished | None = None
    for moment, window in zip(training_moments(backtest.windows), backtest.windows, strict=True):
        split = split_by_time(read_training_rows(spec, published, moment).to_pandas(), spec)
        before = process_time()
        judged = fit_candidate(spec, backtest.recipe, split, base)
        released = refit(spec, backtest.recipe, judged, split, base)
        spent += process_time() - before if base is not None else 0.0
        base = base_of((judged.model, released.model), split, spec)
        first = first or released
        days = days_of(outcomes, spec)
        later = outcomes[(days >= np.datetime64(window.start)) & (days < np.datetime64(window.end))]
        targets, features = targets_of(later, spec), features_of(later, spec)
        for model, of_model in ((released, losses), (first, never)):
            stated = spec.task.predict(model.model, model.constants, features)
            of_model.append(spec.task.row_losses(targets, stated))
    return float(np.concatenate(losses).mean()), float(np.concatenate(never).mean()), spent


def _is(outcome: PolicyOutcome, policy: str, *, gated: bool) -> bool:
    return outcome.policy == policy and outcome.gated == gated


def _cells(outcome: PolicyOutcome | None) -> list[str]:
    if outcome is None:
        return ["–"] * 5
    return [
        f"{outcome.fits:g}",
        f"{outcome.releases:g}",
        f"{outcome.loss.value:.4f}",
        f"{outcome.cost.value:,.0f}",
        f"{outcome.cpu_seconds:.1f}",
    ]
