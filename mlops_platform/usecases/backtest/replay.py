"""Replays the past under every policy and history that a model compares, and recommends one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from mlops_platform.data.features.published import published_days
from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.errors import DataError
from mlops_platform.monitoring.policy.backtest.comparison import ReplayedHistory, compare_policies
from mlops_platform.monitoring.policy.backtest.outcome import PolicyOutcome, resamples_of
from mlops_platform.monitoring.policy.backtest.recommendation import (
    PolicyRecommendation,
    recommend,
)
from mlops_platform.monitoring.policy.backtest.report import history_name
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.backtest.fits import PastTraining
from mlops_platform.usecases.backtest.gate import PastGate
from mlops_platform.usecases.backtest.past import past_of, read_all_outcomes, training_moments
from mlops_platform.usecases.backtest.updates import PastUpdates
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.maturity import matures_at

Report = Callable[[str], None]
DECLARED = "declared"
"""The name under which the model's own `retraining` is compared."""
FEWEST_WINDOWS = 8


class PolicyBacktest(Record):
    """What came of a replay.

    Args:
        recipe: what every fit was made with: the search's winner on the first training's rows.
        windows: those that were replayed, oldest first.
    """

    model: str
    made_at: datetime
    recipe: Recipe
    windows: tuple[Window, ...]
    seeds: int
    outcomes: tuple[PolicyOutcome, ...]
    recommendation: PolicyRecommendation


def backtest_policies(
    deployment: Deployment, spec: ModelSpec, report: Report = lambda line: None
) -> PolicyBacktest:
    """Fit once per history, seed and window, then walk every policy over the same fits.

    Only windows that are mature by now are replayed; the fits are kept for the next backtest.

    Raises:
        DataError: there is not enough of a past.
    """
    published_root, moment = deployment.settings.published, deployment.moment_of(spec.name)
    cache = deployment.settings.backtest(spec.name) / "fits"
    windows = replayed_windows(spec, published_root, moment)
    recipe = first_recipe(spec, published_root, training_moments(windows)[0])
    outcomes = read_all_outcomes(spec, published_root, windows)
    resamples = resamples_of(spec.backtest.seeds, len(windows))
    policies = {DECLARED: spec.retraining, **spec.backtest.policies}
    policy_outcomes: list[PolicyOutcome] = []
    for days in dict.fromkeys((spec.training.history.rolling_days, *spec.backtest.histories)):
        training = PastTraining(_with_history(spec, days), recipe, published_root, outcomes, cache)
        report(f"{len(windows)} fits on {history_name(days)}")
        replay = _replayed_history(training, windows)
        updates = None
        if spec.learns_on:
            report(f"{len(windows)} updates on {history_name(days)}")
            updates = _replayed_history(PastUpdates(**vars(training)), windows)
        policy_outcomes += compare_policies(
            replay, policies, spec.backtest.retraining_cost, resamples, updates
        )
    return PolicyBacktest(
        model=spec.name,
        made_at=moment,
        recipe=recipe,
        windows=tuple(windows),
        seeds=spec.backtest.seeds,
        outcomes=tuple(policy_outcomes),
        recommendation=recommend(
            policy_outcomes,
            resamples,
            (DECLARED, spec.training.history.rolling_days, spec.retraining.update),
        ),
    )


def replayed_windows(spec: ModelSpec, published_root: Path, moment: datetime) -> list[Window]:
    """Every mature window that begins after the days of the first training.

    Raises:
        DataError: there are too few of them.
    """
    built = published_days(published_root, spec.features.table) & published_days(
        published_root, spec.label.table
    )
    first = min(built, default=moment.date()) + timedelta(days=spec.backtest.first_training_days)
    windows = [
        window
        for window in ended_windows(spec.window, moment)
        if window.start >= first and window.last_day in built and matures_at(spec, window) <= moment
    ]
    if len(windows) < FEWEST_WINDOWS:
        raise DataError(
            f"a backtest of {spec.name} needs {FEWEST_WINDOWS} mature windows after the first "
            f"{spec.backtest.first_training_days} days of features, and there are {len(windows)}. "
            "Wait for them, or lower `backtest.first_training_days`."
        )
    return windows


def first_recipe(spec: ModelSpec, published_root: Path, as_of: datetime) -> Recipe:
    """What the search chooses on the first training's rows: nothing of the future is in it."""
    from mlops_platform.data.features.features import read_training_rows
    from mlops_platform.training.search.search import search
    from mlops_platform.training.split import split_by_time

    rows = read_training_rows(_with_history(spec, None), published_root, as_of).to_pandas()
    return search(spec, split_by_time(rows, spec).train)


def _replayed_history(training: PastTraining, windows: Sequence[Window]) -> ReplayedHistory:
    spec, outcomes = training.spec, training.outcomes
    pasts, gates = [], []
    for seed in range(spec.backtest.seeds):
        seeded = _with_seed(spec, spec.training.tuning.seed + seed)
        fits = replace(training, spec=seeded).fits(training_moments(windows))
        pasts.append(past_of(seeded, windows, [fit.scored(spec) for fit in fits], outcomes))
        gates.append(PastGate(seeded, fits, outcomes))
    return ReplayedHistory(spec.training.history.rolling_days, pasts, gates)


def _with_history(spec: ModelSpec, days: int | None) -> ModelSpec:
    history = spec.training.history.with_days(days)
    training = spec.training.model_copy(update={"history": history})
    return spec.model_copy(update={"training": training})


def _with_seed(spec: ModelSpec, seed: int) -> ModelSpec:
    tuning = spec.training.tuning.model_copy(update={"seed": seed})
    training = spec.training.model_copy(update={"tuning": tuning})
    return spec.model_copy(update={"training": training})
