"""Split of the training rows: by local calendar day in their order of time, or by shares.

By day, rows whose label was not known yet as the next part began are in no part (ADR 0056).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from pydantic import Field

from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ShareSplitSpec, SplitSpec
from mlops_platform.tasks.weights import effective_rows
from mlops_platform.training.label_gap import as_known, known_as_begins
from mlops_platform.training.refusal import unusable
from mlops_platform.training.rows import days_of, judges, targets_of, weights_of
from mlops_platform.training.share_split import split_by_shares
from mlops_platform.training.whole_groups import refuse_groups_of_several_days, refuse_parted_groups

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec

_LATE: Final = (
    " {rows} rows are in no part, because their label was not known yet as the next part began."
)
SAMPLED: Final = "_sampled"
"""Added column, of rows that models are fitted on; no column of a table is called so."""


@dataclass(frozen=True, eq=False)
class Split:
    """Training rows cut by day, each part ordered by (event time, entity).

    Without event time they are cut by shares, and each part is ordered by a hash.

    Args:
        held_out_sample: of validation and test the rows that the final fit gets; all where None.
        gap: rows that only the final fit gets: their label was not known as the next part began,
            or they have none by which they could be judged.
    """

    train: DataFrame
    validation: DataFrame
    test: DataFrame
    held_out_sample: DataFrame | None = None
    gap: DataFrame | None = None

    @property
    def everything(self) -> DataFrame:
        """All rows of the final fit, oldest first."""
        import pandas as pd

        sample = self.held_out_sample
        held_out = [self.validation, self.test] if sample is None else [sample]
        if self.gap is None or self.gap.empty:
            return pd.concat([self.train, *held_out], ignore_index=True)
        ordered = pd.concat([self.train, *held_out, self.gap]).sort_index()
        return ordered.reset_index(drop=True)

    @property
    def unseen(self) -> DataFrame:
        """Rows that the judged candidate was not fitted on, oldest first."""
        import pandas as pd

        held_out = [self.validation, self.test]
        if self.gap is None or self.gap.empty:
            return pd.concat(held_out, ignore_index=True)
        return pd.concat([*held_out, self.gap]).sort_index().reset_index(drop=True)

    @property
    def sampled_rows(self) -> int | None:
        """Rows of the final fit where these are a sample; None where they are all."""
        sample, gap = self.held_out_sample, self.gap
        if sample is None:
            return None
        return len(self.train) + len(sample) + (0 if gap is None else len(gap))

    @property
    def parts(self) -> dict[str, DataFrame]:
        """The three parts by name, oldest first."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class PartFacts(Record):
    """What one part of a split holds.

    Args:
        targets: what its outcomes are like, by name.
        effective_rows: of equal weight that tell as much; None where all count the same.
    """

    name: str
    rows: int
    targets: dict[str, float]
    effective_rows: float | None = Field(default=None, exclude_if=left_out_where_empty)
    first_day: date
    last_day: date


def split_by_spec(
    rows: DataFrame, spec: ModelSpec, sampled: NDArray[np.bool_] | None = None
) -> Split:
    """Cut `rows` as the model declares it: by time, or by shares where they have no event time.

    Args:
        sampled: as of `split_by_time`.

    Raises:
        TrainingError: as `split_by_time`, or a part has no row.
    """
    split = spec.training.history.split
    if not isinstance(split, ShareSplitSpec):
        return split_by_time(rows, spec, sampled)
    _refuse_missing_labels(rows, spec)
    if sampled is None:
        parts = split_by_shares(rows, spec, split)
        refuse_parted_groups(parts.values(), spec)
        return _usable(_judged(Split(**parts), spec), spec)
    parts = split_by_shares(rows.assign(**{SAMPLED: sampled}), spec, split)
    refuse_parted_groups(parts.values(), spec)
    return _usable(_judged(_with_sampled_fit(parts), spec), spec)


def _with_sampled_fit(parts: Mapping[str, DataFrame]) -> Split:
    """The parts, of which only rows marked by the column `SAMPLED` are fitted on."""
    import pandas as pd

    held_out = pd.concat([parts["validation"], parts["test"]], ignore_index=True)
    train, sample = (rows[rows[SAMPLED]] for rows in (parts["train"], held_out))
    kept = {"train": train, "validation": parts["validation"], "test": parts["test"]}
    plain = {name: rows.drop(columns=SAMPLED) for name, rows in kept.items()}
    return Split(**plain, held_out_sample=sample.drop(columns=SAMPLED))


def split_by_time(
    rows: DataFrame, spec: ModelSpec, sampled: NDArray[np.bool_] | None = None
) -> Split:
    """Cut `rows`: the last `test_days` distinct days test, those before validate, the rest trains.

    What trains or validates had its label at the first event of the part that follows it. Where the
    task fits rows without a label they are in these parts without it, and days are counted by the
    rows that a model can be judged by.

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
    refuse_groups_of_several_days(rows, spec)
    rows = rows.sort_values([spec.features.moment_column, spec.features.entity])
    fitted = np.ones(len(rows), dtype=bool) if sampled is None else sampled[rows.index]
    rows.index = pd.RangeIndex(len(rows))
    days = days_of(rows, spec)
    judged_days = days[judges(rows, spec)]
    validation_from = first_held_out_day(judged_days, spec)
    test_from = np.unique(judged_days)[-_sizes(spec).test_days]
    train = rows[(days < validation_from) & fitted]
    validation = rows[(days >= validation_from) & (days < test_from)]
    test = rows[days >= test_from]
    if spec.task.fits_unlabelled:
        split = Split(
            train=as_known(train, validation, spec),
            validation=as_known(validation, test, spec),
            test=test,
            held_out_sample=None if sampled is None else rows[(days >= validation_from) & fitted],
        )
        return _usable(_judged(split, spec), spec)
    in_train = known_as_begins(train, validation, spec)
    in_validation = known_as_begins(validation, test, spec)
    held_out = pd.concat([validation[in_validation], test])
    late = pd.concat([train[~in_train], validation[~in_validation & fitted[validation.index]]])
    split = Split(
        train=train[in_train],
        validation=validation[in_validation],
        test=test,
        held_out_sample=None if sampled is None else held_out[fitted[held_out.index]],
        gap=late,
    )
    return _usable(split, spec)


def _judged(split: Split, spec: ModelSpec) -> Split:
    """The split, of which no row tests that nothing can be judged by: the final fit gets it."""
    is_judged = judges(split.test, spec)
    if is_judged.all():
        return split
    unjudged, sample = split.test[~is_judged], split.held_out_sample
    if sample is not None:
        entity = spec.features.entity
        is_sampled = unjudged[entity].isin(sample[entity])
        sample, unjudged = sample[~sample[entity].isin(unjudged[entity])], unjudged[is_sampled]
    return replace(split, test=split.test[is_judged], gap=unjudged, held_out_sample=sample)


def first_held_out_day(days: NDArray[np.datetime64], spec: ModelSpec) -> np.datetime64:
    """The first of the days that validate or test.

    Raises:
        TrainingError: there are too few days.
    """
    import numpy as np

    distinct = np.unique(days)
    sizes = _sizes(spec)
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


def _sizes(spec: ModelSpec) -> SplitSpec:
    split = spec.training.history.split
    assert isinstance(split, SplitSpec), "rows without event time have no days to cut by"
    return split


def describe(split: Split, spec: ModelSpec) -> tuple[PartFacts, ...]:
    """Rows, outcomes and first and last day of each part."""
    facts = []
    for name, part in split.parts.items():
        days, weights = days_of(part, spec), weights_of(part, spec)
        facts.append(
            PartFacts(
                name=name,
                rows=len(part),
                targets=spec.task.facts(targets_of(part, spec), weights),
                effective_rows=None if weights is None else effective_rows(weights),
                first_day=days.min().astype(object),
                last_day=days.max().astype(object),
            )
        )
    return tuple(facts)


def _refuse_missing_labels(rows: DataFrame, spec: ModelSpec) -> None:
    missing = int(rows[spec.label.column].isna().sum())
    if missing and not spec.task.fits_unlabelled:
        raise unusable(
            f"label.column {spec.label.column}",
            f"{missing} rows without a label",
            "Leave rows whose outcome is not known out of the training set.",
        )


def _usable(split: Split, spec: ModelSpec) -> Split:
    for name, part in split.parts.items():
        _refuse_unusable_targets(name, part, split, spec)
    return split


def _refuse_unusable_targets(name: str, part: DataFrame, split: Split, spec: ModelSpec) -> None:
    targets = targets_of(part, spec)
    refusal = spec.task.refusal(targets) if name == "test" else spec.task.fit_refusal(targets)
    if refusal is not None:
        size = "days" if spec.features.has_event_time else "share"
        field = (
            "training.history.span" if name == "train" else f"training.history.split.{name}_{size}"
        )
        late = "" if split.gap is None or split.gap.empty else _LATE.format(rows=len(split.gap))
        raise unusable(
            field,
            f"{len(part)} {name} rows, {refusal.found}",
            f"The {name} part needs {refusal.needed}: lengthen it.{late}",
        )
