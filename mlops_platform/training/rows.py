"""Which columns of the training rows play which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks import Rows
from mlops_platform.tasks.weights import WeightFacts, relative_weights, weight_facts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks.predictions import Numbers, Targets


def features_of(rows: DataFrame, spec: ModelSpec) -> DataFrame:
    """Feature columns in the order in which every pipeline sees them."""
    return rows[list(spec.features.names)]


def targets_of(rows: DataFrame, spec: ModelSpec) -> Targets:
    """Outcomes in the type of the task, shape (rows,)."""
    return spec.task.targets(rows[spec.label.column])


def weights_of(rows: DataFrame, spec: ModelSpec) -> Numbers | None:
    """How much each row counts among these, shape (rows,); None where all count the same.

    Their mean is 1, so that only proportions matter.
    """
    weight = spec.features.weight
    return None if weight is None else relative_weights(rows[weight].to_numpy())


def part_weights(rows: DataFrame, spec: ModelSpec) -> WeightFacts | None:
    """What the weights of some rows are like; None where none are declared."""
    weight = spec.features.weight
    return None if weight is None else weight_facts(weight, rows[weight].to_numpy())


def task_rows(rows: DataFrame, spec: ModelSpec) -> Rows:
    """Features, targets and weights, and how many windows their days make."""
    return Rows(
        features_of(rows, spec),
        targets_of(rows, spec),
        weights_of(rows, spec),
        windows_of(rows, spec),
    )


def windows_of(rows: DataFrame, spec: ModelSpec) -> float | None:
    """How many windows of the model the days of some rows make; None without event time."""
    if not spec.features.has_event_time:
        return None
    return rows[spec.features.partition].nunique() / spec.window.days


def judges(rows: DataFrame, spec: ModelSpec) -> NDArray[np.bool_]:
    """Which rows a model can be judged by, shape (rows,): those that have a label, or all."""
    import numpy as np

    if spec.task.judges_unlabelled:
        return np.ones(len(rows), dtype=bool)
    known: NDArray[np.bool_] = rows[spec.label.column].notna().to_numpy()
    return known


def moments_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.datetime64]:
    """Moment of each row in UTC, shape (rows,)."""
    import pandas as pd

    moments = pd.to_datetime(rows[spec.features.moment_column], utc=True)
    return moments.dt.tz_localize(None).to_numpy()


def days_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.datetime64]:
    """Local calendar day of each row as datetime64[D], shape (rows,)."""
    import pandas as pd

    return pd.to_datetime(rows[spec.features.partition]).to_numpy().astype("datetime64[D]")
