"""Time-ordered split of the training rows by local calendar day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.training.refusal import unusable
from mlops_platform.training.rows import days_of, targets_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Split:
    """Training rows cut by day, each part ordered by (event time, entity).

    Args:
        held_out_sample: of validation and test the rows that the final fit gets; all where None.
    """

    train: DataFrame
    validation: DataFrame
    test: DataFrame
    held_out_sample: DataFrame | None = None

    @property
    def everything(self) -> DataFrame:
        """All rows of the final fit, oldest first."""
        import pandas as pd

        sample = self.held_out_sample
        held_out = [self.validation, self.test] if sample is None else [sample]
        return pd.concat([self.train, *held_out], ignore_index=True)

    @property
    def sampled_rows(self) -> int | None:
        """Rows of the final fit where these are a sample; None where they are all."""
        sample = self.held_out_sample
        return None if sample is None else len(self.train) + len(sample)

    @property
    def parts(self) -> dict[str, DataFrame]:
        """The three parts by name, oldest first."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class PartFacts(Record):
    """What one part of a split holds.

    Args:
        targets: what its outcomes are like, by name.
    """

    name: str
    rows: int
    targets: dict[str, float]
    first_day: date
    last_day: date


def split_by_time(
    rows: DataFrame, spec: ModelSpec, sampled: NDArray[np.bool_] | None = None
) -> Split:
    """Cut `rows`: the last `test_days` distinct days test, those before validate, the rest trains.

    Args:
        sampled: which of them models are fitted on, shape (rows,); all where None. What is held out
            is held out as a whole.

    Raises:
        TrainingError: a label is missing, there are too few days, or the outcomes of a part are
            of no use.
    """
    import numpy as np
    import pandas as pd

    _refuse_missing_labels(rows, spec)
    rows = rows.sort_values([spec.features.event_time, spec.features.entity])
    fitted = np.ones(len(rows), dtype=bool) if sampled is None else sampled[rows.index]
    rows.index = pd.RangeIndex(len(rows))
    days = days_of(rows, spec)
    validation_from = first_held_out_day(days, spec)
    test_from = np.unique(days)[-spec.training.history.split.test_days]
    split = Split(
        train=rows[(days < validation_from) & fitted],
        validation=rows[(days >= validation_from) & (days < test_from)],
        test=rows[days >= test_from],
        held_out_sample=None if sampled is None else rows[(days >= validation_from) & fitted],
    )
    for name, part in split.parts.items():
        _refuse_unusable_targets(name, part, spec)
    return split


def first_held_out_day(days: NDArray[np.datetime64], spec: ModelSpec) -> np.datetime64:
    """The first of the days that validate or test.

    Raises:
        TrainingError: there are too few days.
    """
    import numpy as np

    distinct = np.unique(days)
    sizes = spec.training.history.split
    held_out = sizes.validation_days + sizes.test_days
    if len(distinct) <= held_out:
        raise unusable(
            "training.history.split",
            f"{len(distinct)} distinct days of rows",
            f"Validation and test take {held_out} days: provide at least {held_out + 1} days "
            "with known labels, or shorten `validation_days` and `test_days`.",
        )
    first: np.datetime64 = distinct[-held_out]
    return first


def describe(split: Split, spec: ModelSpec) -> tuple[PartFacts, ...]:
    """Rows, outcomes and first and last day of each part."""
    facts = []
    for name, part in split.parts.items():
        days = days_of(part, spec)
        facts.append(
            PartFacts(
                name=name,
                rows=len(part),
                targets=spec.task.facts(targets_of(part, spec)),
                first_day=days.min().astype(object),
                last_day=days.max().astype(object),
            )
        )
    return tuple(facts)


def _refuse_missing_labels(rows: DataFrame, spec: ModelSpec) -> None:
    missing = int(rows[spec.label.column].isna().sum())
    if missing:
        raise unusable(
            f"label.column {spec.label.column}",
            f"{missing} rows without a label",
            "Leave rows whose outcome is not known out of the training set.",
        )


def _refuse_unusable_targets(name: str, part: DataFrame, spec: ModelSpec) -> None:
    refusal = spec.task.refusal(targets_of(part, spec))
    if refusal is not None:
        field = (
            "training.history.span" if name == "train" else f"training.history.split.{name}_days"
        )
        raise unusable(
            field,
            f"{len(part)} {name} rows, {refusal.found}",
            f"The {name} part needs {refusal.needed}: lengthen it.",
        )
