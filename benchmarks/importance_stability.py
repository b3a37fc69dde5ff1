"""What of the importance moves when a model is trained again a week later, and what that costs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd

from benchmarks.policy.year import flight_spec, replayed_weeks, year_of_outcomes
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.explaining.dependence import partial_dependences
from mlops_platform.training.explaining.importance import permutation_importances
from mlops_platform.training.explaining.shift import ImportanceShift, shift_from
from mlops_platform.training.fitting import fit_candidate, refit
from mlops_platform.training.rows import features_of
from mlops_platform.training.search.search import Recipe
from mlops_platform.training.split import Split, split_by_time

WEEKS = 13
EVERY = 4
"""Weeks between two comparisons with a model that lacks the leading number."""
PARAMETERS = {
    "logistic_regression": {"C": 0.05},
    "hist_gradient_boosting": {"max_leaf_nodes": 31, "min_samples_leaf": 100, "max_features": 0.5},
}


@dataclass(frozen=True)
class Week:
    """A candidate against the model that was released a week earlier.

    Attributes:
        other: against one that was released without the numbers that lead; None in most weeks.
        shares: CPU time of importances, curves and shift, each over that of both fits.
        sure: features that surely are above zero.
    """

    shift: ImportanceShift
    other: ImportanceShift | None
    shares: tuple[float, float, float]
    sure: int


def measure_importance_stability(home: Path | None) -> str:
    """Markdown: shares that moved by candidate, and CPU time.

    Args:
        home: folder of the year's features, kept from one run to the next.
    """
    home = home or Path(os.environ.get("TMPDIR", "/tmp")) / "mlops-importances"  # noqa: S108
    spec = flight_spec()
    rows = year_of_outcomes(spec, home)
    tables = [_table(name, list(_weeks(spec, rows, name))) for name in PARAMETERS]
    head = (
        "| candidate | weeks | share moved: median | 90 % of weeks below | largest | "
        "rank correlation: median | lowest | features surely above 0: median |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|"
    )
    cost = (
        "| candidate | importances | curves of 6 features | shift from the champion |\n"
        "|---|--:|--:|--:|"
    )
    return "\n\n".join(
        [
            "\n".join([head, *(table[0] for table in tables)]),
            "The candidate against one that was released a week earlier without the numbers that "
            "lead, share moved: median and lowest.\n\n"
            + "\n".join(
                ["| candidate | median | lowest |\n|---|--:|--:|", *(t[1] for t in tables)]
            ),
            "CPU time over that of both fits (candidate and released model, no search): median.\n\n"
            + "\n".join([cost, *(table[2] for table in tables)]),
        ]
    )


def _weeks(spec: ModelSpec, rows: pd.DataFrame, candidate: str) -> Iterator[Week]:
    recipe = Recipe(
        candidate=candidate,
        params=PARAMETERS[candidate],
        metric="log_loss",
        greater_is_better=False,
        score=0.5,
        trials=(),
    )
    days = pd.to_datetime(rows[spec.features.partition])
    champion: Finished | None = None
    blind: Finished | None = None
    for number, window in enumerate(replayed_weeks(spec)[: WEEKS + 1]):
        split = split_by_time(rows[days < pd.Timestamp(window.start)].reset_index(drop=True), spec)
        before = process_time()
        judged = fit_candidate(spec, recipe, split)
        released = refit(spec, recipe, judged, split)
        fits = process_time() - before
        if champion is not None:
            yield _week(spec, judged, split, (champion, blind), fits)
        champion, blind = released, None
        if number % EVERY == 0:
            blind = _without_leader(spec, recipe, judged, split)


def _week(
    spec: ModelSpec,
    judged: Finished,
    split: Split,
    before: tuple[Finished, Finished | None],
    fits: float,
) -> Week:
    predictions = spec.task.predict(judged.model, judged.constants, features_of(split.test, spec))
    clock = [process_time()]
    found = permutation_importances(spec, judged, split.test, predictions, split.train)
    clock.append(process_time())
    partial_dependences(spec, judged, split.test, predictions, found.features)
    clock.append(process_time())
    shift = shift_from(spec, before[0], 1, split.test, predictions, found)
    clock.append(process_time())
    assert shift is not None
    other = None
    if before[1] is not None:
        other = shift_from(spec, before[1], 1, split.test, predictions, found)
    importances, curves, shifts = (np.diff(clock) / fits).tolist()
    sure = sum(importance.is_sure is True for importance in found.features)
    return Week(shift, other, (importances, curves, shifts), sure)


def _without_leader(spec: ModelSpec, recipe: Recipe, judged: Finished, split: Split) -> Finished:
    """The same recipe where the number, or the correlated ones, that lead are always zero."""
    predictions = spec.task.predict(judged.model, judged.constants, features_of(split.test, spec))
    found = permutation_importances(spec, judged, split.test, predictions, split.train)
    alone = {one.feature: one.mean for one in found.features}
    together = {group.features: group.mean for group in found.groups}
    parts = {**{(name,): mean for name, mean in alone.items()}, **together}
    leading = max(
        (part for part in parts if set(part) <= set(spec.features.numeric)), key=parts.__getitem__
    )
    lacking = {
        name: getattr(split, name).assign(**dict.fromkeys(leading, 0.0))
        for name in ("train", "validation", "test")
    }
    blind = replace(split, **lacking)
    return fit_candidate(spec, recipe, blind)


def _table(name: str, weeks: list[Week]) -> tuple[str, str, str]:
    moved = np.array([week.shift.share for week in weeks])
    ranks = np.array([week.shift.rank_correlation or np.nan for week in weeks])
    other = np.array([week.other.share for week in weeks if week.other])
    cost = np.median([week.shares for week in weeks], axis=0)
    return (
        f"| {name} | {len(weeks)} | {np.median(moved):.3f} | {np.quantile(moved, 0.9):.3f} | "
        f"{moved.max():.3f} | {np.nanmedian(ranks):.2f} | {np.nanmin(ranks):.2f} | "
        f"{np.median([week.sure for week in weeks]):.0f} |",
        f"| {name} | {np.median(other):.3f} | {other.min():.3f} |",
        f"| {name} | {' | '.join(f'{share:.1%}' for share in cost)} |",
    )
