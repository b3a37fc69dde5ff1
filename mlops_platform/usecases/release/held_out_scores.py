"""What adjustments of a version begin with: scores of rows that its pipeline had not seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.data.scored_days import by_day, read_scored_days, write_scored_days
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule, ScoredDay
from mlops_platform.usecases.window.maturity import day_matures_at

if TYPE_CHECKING:
    from mlops_platform.data.training_set import TrainingSet
    from mlops_platform.tasks import Finished
    from mlops_platform.training.split import Split

FILE: Final = "held_out_scores.parquet"
_RULE, _SEEN_THROUGH = "rule", "seen_through"


@dataclass(frozen=True)
class HeldOutScores:
    """How a version begins to follow the outcomes.

    Args:
        rule: of the task that it was trained for: what was promised then is followed.
        seen_through: last day of which it has seen rows.
        days: held-out days whose outcomes were complete when it was trained, in order. A day of
            which only some are known says less than it seems: the worst come last.
    """

    rule: AdaptationRule
    seen_through: date
    days: Sequence[ScoredDay]


def write_held_out_scores(
    spec: ModelSpec, fitted: Finished, split: Split, training_set: TrainingSet, directory: Path
) -> None:
    """Write them where the task lets constants follow.

    Args:
        fitted: the judged candidate.
    """
    import numpy as np
    import pandas as pd

    from mlops_platform.training.rows import days_of, features_of, targets_of

    rule = spec.task.adaptation_rule
    if rule is None:
        return
    rows = pd.concat([split.validation, split.test])
    days = days_of(rows, spec)
    mature = [
        day
        for day in np.unique(days)
        if day_matures_at(spec, day.astype(object)) <= training_set.as_of
    ]
    kept = np.isin(days, mature)
    rows = rows[kept]
    scored: Sequence[ScoredDay] = ()
    if len(rows):
        numbers = spec.task.numbers(fitted.model, features_of(rows, spec))
        scored = by_day(days[kept], rule.scores(targets_of(rows, spec), numbers, fitted.constants))
    facts = {
        _RULE: rule.to_stored(indent=None),
        _SEEN_THROUGH: training_set.last_local_date.isoformat(),
    }
    write_scored_days(directory / FILE, scored, facts)


def read_held_out_scores(directory: Path, rule: AdaptationRule) -> HeldOutScores | None:
    """What was written; None where the task let no constants follow when the version was trained.

    Args:
        rule: of the present task, of the same kind.
    """
    stored = read_scored_days(directory / FILE)
    if stored is None:
        return None
    days, facts = stored
    return HeldOutScores(
        rule=type(rule).from_stored(facts[_RULE]),
        seen_through=date.fromisoformat(facts[_SEEN_THROUGH]),
        days=days,
    )
