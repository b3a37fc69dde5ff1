"""Log loss estimated without labels, against what came of the weeks of 2013."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.monitoring.champions import Champion, Rows, champions
from benchmarks.report import markdown_table
from mlops_platform.tasks import DEFAULT_TASK
from mlops_platform.tasks.binary_classification.columns import BASE_RATE, THRESHOLD
from mlops_platform.tasks.binary_classification.estimate import expected_performance, recalibrated
from mlops_platform.tasks.binary_classification.metrics import log_losses

MATURE_AFTER, LATE = 2, 21
DAYS = np.timedelta64(1, "D")
WAYS = {
    "test": "its test's figure",
    "latest": "latest mature week",
    "scores": "scores as they are",
    "held_out": "isotonic, held-out rows",
    "platform": "**isotonic, 28 matured days**",
    "latest_late": "latest mature week",
    "platform_late": "**isotonic, 28 matured days**",
}


def measure_estimates(home: Path | None) -> str:
    """Mean absolute errors by month and by champion."""
    errors = pd.concat(map(_errors, champions(home)), ignore_index=True)
    months = errors.groupby("month", sort=False)
    whole = _row("April to December", errors)
    return "\n\n".join(
        [
            "Mean absolute error of a week's log loss, by month. *Late*: labels that reach the "
            f"platform {LATE} days after they are known, two columns on the right.",
            markdown_table(_header("month"), [*(_row(name, one) for name, one in months), whole]),
            "The same by champion, over all of its weeks.",
            markdown_table(
                _header("champion"),
                [_row(name, one) for name, one in errors.groupby("champion", sort=False)],
            ),
            _correlations(errors),
        ]
    )


def _errors(champion: Champion) -> pd.DataFrame:
    """Estimated minus realised log loss of every week of a champion, in every way."""
    weeks = list(champion.weeks())
    tested = _log_loss(champion.held_out)
    realised = {monday: _log_loss(rows) for monday, rows in weeks}
    found = []
    for monday, rows in weeks:
        estimates = {
            "test": tested,
            "scores": _estimated(rows, None),
            "held_out": _estimated(rows, champion.held_out),
        }
        for delay, suffix in ((0, ""), (LATE, "_late")):
            mature = _matured(champion, monday, delay)
            last = mature.days.max() - 6 * DAYS if len(mature.days) else None
            estimates["latest" + suffix] = tested if last is None else realised[last]
            estimates["platform" + suffix] = _estimated(rows, mature)
        found.append(
            {
                "champion": champion.name,
                "month": f"{monday.astype(object):%B}",
                "realised": realised[monday],
                **{way: estimate - realised[monday] for way, estimate in estimates.items()},
            }
        )
    return pd.DataFrame(found)


def _log_loss(rows: Rows) -> float:
    return float(log_losses(rows.labels, rows.scores).mean())


def _matured(champion: Champion, monday: np.datetime64, delay: int) -> Rows:
    """What the platform calibrates on: the last 28 days of weeks mature when this one ends."""
    first = next(champion.weeks())[0]
    # A week is mature when its end, the delay and two days are over.
    weeks_ago = -(-(delay + MATURE_AFTER) // 7)
    end = monday + (7 - 7 * weeks_ago) * DAYS
    days = champion.served.days
    return champion.served.of((days >= max(first, end - 28 * DAYS)) & (days < end))


def _estimated(rows: Rows, known: Rows | None) -> float:
    probabilities = rows.scores
    if known is not None and len(known.labels):
        probabilities = recalibrated(rows.scores, known.scores, known.labels.astype(float))
    predictions = DEFAULT_TASK.predictions(rows.scores[:, None], {THRESHOLD: 0.5})
    return expected_performance(predictions, probabilities, {BASE_RATE: 0.5}, "log_loss").loss


def _header(first: str) -> list[str]:
    late = [f"{name}, late" if way.endswith("late") else name for way, name in WAYS.items()]
    return [first, "weeks", "realised", *late]


def _row(name: object, errors: pd.DataFrame) -> list[str]:
    means = [f"{errors[way].abs().mean():.3f}" for way in WAYS]
    return [str(name), str(len(errors)), f"{errors['realised'].mean():.3f}", *means]


def _correlations(errors: pd.DataFrame) -> str:
    """Whether an estimate at least tells good weeks from bad ones."""
    told = []
    for way in ("scores", "held_out", "platform", "platform_late"):
        estimate = errors[way] + errors["realised"]
        by_champion = [
            np.corrcoef(estimate[of], errors.loc[of, "realised"])[0, 1]
            for of in (errors["champion"] == name for name in errors["champion"].unique())
        ]
        late = " (late)" if way.endswith("late") else ""
        told.append(f"{WAYS[way].strip('*')}{late} {np.mean(by_champion):.2f}")
    return (
        "Correlation of estimated and realised log loss over the weeks of a champion, mean: "
        f"{', '.join(told)}."
    )
