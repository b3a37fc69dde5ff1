"""A few rows that are usual, and some that are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from mlops_platform.tasks import Rows
from mlops_platform.tasks.anomaly_detection.task import AnomalyDetection

WEEKS = 2.0


def detector(**options: Any) -> AnomalyDetection:
    """A task with a budget of a twentieth of the rows, unless another one is named."""
    return AnomalyDetection.model_validate({"budget": {"share": 0.05}, **options})


def rows_with(anomalies: int, seed: int, count: int = 400, windows: float | None = WEEKS) -> Rows:
    """Columns that belong together, but in the anomalies, which every single column has as well."""
    random = np.random.default_rng(seed)
    a = random.normal(size=count)
    features = pd.DataFrame({"a": a, "b": a + 0.1 * random.normal(size=count)})
    targets = np.zeros(count)
    at = random.choice(count, anomalies, replace=False)
    targets[at] = 1.0
    features.loc[at, "b"] = -features.loc[at, "a"] + 4.0 * np.sign(features.loc[at, "a"])
    return Rows(features, targets, None, windows)
