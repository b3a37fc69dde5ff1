"""What a training set holds of each group of people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.training_set import TrainingSet
from mlops_platform.fairness.audit import AuditedColumn, audit_of
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    from pandas import Series


def audit_training_set(spec: ModelSpec, training_set: TrainingSet) -> tuple[AuditedColumn, ...]:
    """Of all its rows, whatever sample is fitted on; one column is read at a time.

    Raises:
        TrainingError: a declared column has no groups, or a reference is none of them.
    """

    def read_column(name: str) -> Series[Any]:
        column: Series[Any] = read_parquet(training_set.rows_file, [name])[name].to_pandas()
        return column

    return audit_of(spec, read_column)
