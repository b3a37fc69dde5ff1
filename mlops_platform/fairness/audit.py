"""Audit: what training data hold of each group, before any model is fitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.errors import TrainingError
from mlops_platform.fairness.groups import MISSING, MOST_GROUPS, Groups, groups_of
from mlops_platform.record import Record
from mlops_platform.section import nearest_name
from mlops_platform.spec import FairnessSpec, ModelSpec
from mlops_platform.tasks.weights import relative_weights

if TYPE_CHECKING:
    from pandas import Series

    from mlops_platform.tasks.predictions import Numbers, Targets

    ReadColumn = Callable[[str], Series[Any]]

MOST_GAPS: Final = 10


class AuditedGroup(Record):
    """The training rows of one group.

    Args:
        share: of all rows.
        targets: what their outcomes are like, by name, as the task tells it.
    """

    name: str
    rows: int
    share: float
    targets: dict[str, float]


class MissingGap(Record):
    """A feature that is missing more often in one group than in another."""

    feature: str
    most: str
    most_share: float
    least: str
    least_share: float


class AuditedColumn(Record):
    """The training rows by the values of one column.

    Args:
        missing: of features that groups lack unequally often, the largest gaps first; between
            groups that are large enough to be compared.
    """

    column: str
    groups: tuple[AuditedGroup, ...]
    missing: tuple[MissingGap, ...]


def audit_of(spec: ModelSpec, read_column: ReadColumn) -> tuple[AuditedColumn, ...]:
    """Each declared column; none where fairness is not.

    Args:
        read_column: a column of the training rows by its name; they are read one at a time.

    Raises:
        TrainingError: a column has too many values, or a reference is none of its groups.
    """
    declared = spec.evaluation.fairness
    if declared is None:
        return ()
    grouped = {
        column: groups_of(spec.features, column, read_column(column)) for column in declared.columns
    }
    for column, groups in grouped.items():
        _refuse_unusable(declared, column, groups)
    targets = spec.task.targets(read_column(spec.label.column))
    weight = spec.features.weight
    weights = None if weight is None else read_column(weight).to_numpy()
    gaps: dict[str, list[MissingGap]] = {column: [] for column in grouped}
    for feature in spec.features.names:
        is_missing = read_column(feature).isna().to_numpy()
        for column, groups in grouped.items():
            gaps[column].extend(_missing(feature, groups, is_missing, declared.min_group_rows))
    return tuple(
        AuditedColumn(
            column=column,
            groups=tuple(_audited(spec, groups, targets, weights)),
            missing=tuple(sorted(gaps[column], key=_size, reverse=True)[:MOST_GAPS]),
        )
        for column, groups in grouped.items()
    )


def _refuse_unusable(declared: FairnessSpec, column: str, groups: Groups) -> None:
    values = [name for name in groups.names if name != MISSING]
    if len(values) > MOST_GROUPS:
        raise TrainingError(
            f"evaluation.fairness.columns: {column!r} has {len(values):,} values in the training "
            f"rows, such as {', '.join(values[:3])}, and groups are at most {MOST_GROUPS}. Make "
            "bands or larger groups of it in dbt, in a column of its own, and list that instead."
        )
    reference = declared.reference.get(column)
    if reference is not None and reference not in groups.names:
        fix = nearest_name("group", reference, groups.names)
        raise TrainingError(
            f"evaluation.fairness.reference.{column}: no training row has {reference!r}. {fix}"
        )


def _audited(
    spec: ModelSpec, groups: Groups, targets: Targets, weights: Numbers | None
) -> Iterator[AuditedGroup]:
    for code, (name, rows) in enumerate(groups.sizes.items()):
        inside = groups.codes == code
        counted = None if weights is None else relative_weights(weights[inside])
        yield AuditedGroup(
            name=name,
            rows=rows,
            share=rows / len(targets),
            targets=spec.task.facts(targets[inside], counted),
        )


def _missing(feature: str, groups: Groups, is_missing: Any, least_rows: int) -> list[MissingGap]:
    """One gap, or none where the feature is missing equally often in all groups."""
    import numpy as np

    counts = np.bincount(groups.codes, weights=is_missing, minlength=len(groups.names))
    shares = {
        name: float(count / rows)
        for (name, rows), count in zip(groups.sizes.items(), counts, strict=True)
        if rows >= least_rows
    }
    most = max(shares, key=lambda name: shares[name], default=None)
    least = min(shares, key=lambda name: shares[name], default=None)
    if most is None or least is None or shares[most] == shares[least]:
        return []
    return [
        MissingGap(
            feature=feature,
            most=most,
            most_share=shares[most],
            least=least,
            least_share=shares[least],
        )
    ]


def _size(gap: MissingGap) -> float:
    return gap.most_share - gap.least_share
