"""Which columns of the training rows play which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.spec import ModelSpec
    from mlops_platform.tasks.predictions import Targets


def features_of(rows: DataFrame, spec: ModelSpec) -> DataFrame:
    """Feature columns in the order in which every pipeline sees them."""
    return rows[list(spec.features.names)]


def targets_of(rows: DataFrame, spec: ModelSpec) -> Targets:
    """Outcomes in the type of the task, shape (rows,)."""
    return spec.task.targets(rows[spec.label.column])


def moments_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.datetime64]:
    """Moment of each row in UTC, shape (rows,)."""
    import pandas as pd

    moments = pd.to_datetime(rows[spec.features.moment_column], utc=True)
    return moments.dt.tz_localize(None).to_numpy()


def days_of(rows: DataFrame, spec: ModelSpec) -> NDArray[np.datetime64]:
    """Local calendar day of each row as datetime64[D], shape (rows,)."""
    import pandas as pd

    return pd.to_datetime(rows[spec.features.partition]).to_numpy().astype("datetime64[D]")
