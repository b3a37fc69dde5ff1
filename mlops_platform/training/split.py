"""Split of the training rows: by local calendar day in their order of time, or by shares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from mlops_platform.record import Record
from mlops_platform.spec import ShareSplitSpec, SplitSpec
from mlops_platform.training.refusal import unusable
from mlops_platform.training.rows import days_of, targets_of
from mlops_platform.training.share_split import split_by_shares

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec


@dataclass(frozen=True, eq=False)
class Split:
    """Training rows cut by day, each part ordered by (event time, entity).

    Without event time they are cut by shares, and each part is ordered by a hash.
    """

    train: DataFrame
    validation: DataFrame
    test: DataFrame

    @property
    def everything(self) -> DataFrame:
        """All rows, oldest first."""
        import pandas as pd

        return pd.concat([self.train, self.validation, self.test], ignore_index=True)

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


def split_by_spec(rows: DataFrame, spec: ModelSpec) -> Split:
    """Cut `rows` as the model declares it: by time, or by shares where they have no event time.

    Raises:
        TrainingError: as `split_by_time`, or a part has no row.
    """
    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec):
        return split_by_time(rows, spec)
    _refuse_missing_labels(rows, spec)
    return _usable(Split(**split_by_shares(rows, spec, split)), spec)


def split_by_time(rows: DataFrame, spec: ModelSpec) -> Split:
    """Cut `rows`: the last `test_days` distinct days test, those before validate, the rest trains.

    Raises:
        TrainingError: a label is missing, there are too few days, or the outcomes of a part are
            of no use.
    """
    import numpy as np

    _refuse_missing_labels(rows, spec)
    rows = rows.sort_values([spec.features.moment_column, spec.features.entity], ignore_index=True)
    sizes = spec.training.history.split
    assert isinstance(sizes, SplitSpec)
    days = days_of(rows, spec)
    distinct = np.unique(days)
    held_out = sizes.validation_days + sizes.test_days
    if len(distinct) <= held_out:
        raise unusable(
            "training.history.split",
            f"{len(distinct)} distinct days of rows",
            f"Validation and test take {held_out} days: provide at least {held_out + 1} days "
            "with known labels, or shorten `validation_days` and `test_days`.",
        )
    validation_from, test_from = distinct[-held_out], distinct[-sizes.test_days]
    split = Split(
        train=rows[days < validation_from],
        validation=rows[(days >= validation_from) & (days < test_from)],
        test=rows[days >= test_from],
    )
    return _usable(split, spec)


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


def _usable(split: Split, spec: ModelSpec) -> Split:
    for name, part in split.parts.items():
        _refuse_unusable_targets(name, part, spec)
    return split


def _refuse_unusable_targets(name: str, part: DataFrame, spec: ModelSpec) -> None:
    refusal = spec.task.refusal(targets_of(part, spec))
    if refusal is not None:
        size = "days" if spec.features.has_event_time else "share"
        field = (
            "training.history.span" if name == "train" else f"training.history.split.{name}_{size}"
        )
        raise unusable(
            field,
            f"{len(part)} {name} rows, {refusal.found}",
            f"The {name} part needs {refusal.needed}: lengthen it.",
        )
