"""A few groups of rows, one of them small, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.tasks import Predictions, Rows
from mlops_platform.tasks.clustering.task import Clustering

CENTRES = np.array([[0.0, 0.0], [6.0, 6.0], [12.0, 0.0], [18.0, 6.0]])
TASK = Clustering()


def grouped_rows(seed: int, sizes: tuple[int, ...] = (200, 120, 80), spread: float = 1.0) -> Rows:
    """So many rows around each of the centres, in any order; the target is which one it is."""
    random = np.random.default_rng(seed)
    groups = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    values = CENTRES[groups] + spread * random.normal(size=(len(groups), 2))
    return Rows(pd.DataFrame(values, columns=["a", "b"]), groups.astype(float))


def noise(seed: int, count: int = 400) -> Rows:
    """Columns that have nothing to do with each other."""
    random = np.random.default_rng(seed)
    return Rows(pd.DataFrame(random.normal(size=(count, 4)), columns=list("abcd")), np.zeros(count))


def pipeline_of(estimator: Any) -> Pipeline:
    return make_pipeline(SimpleImputer(), StandardScaler(), clone(estimator))


def said(clusters: list[str], weights: Any = None, **columns: Any) -> Predictions:
    """Predictions of rows in these clusters."""
    count = len(clusters)
    return Predictions(
        {
            "cluster": np.array(clusters, dtype=object),
            "distance": np.ones(count),
            "margin": np.zeros(count),
            "stability": np.ones(count),
            **columns,
        },
        weights,
    )
