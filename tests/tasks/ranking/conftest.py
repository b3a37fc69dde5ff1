"""Groups of rows of which some are relevant, and a rule that knows a little of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from mlops_platform.tasks import Rows
from mlops_platform.tasks.ranking.task import Ranking


def ranking(**options: Any) -> Ranking:
    """A task whose rule is the column `usual`, unless an item is named."""
    rule = {} if "item" in options else {"rule": "usual"}
    return Ranking.model_validate({"group": "customer", "k": 3, **rule, **options})


def pipeline_of() -> Pipeline:
    """A line through the column `signal`."""
    columns = make_column_transformer((StandardScaler(), ["signal", "usual"]))
    return make_pipeline(columns, Ridge())


def rows_with(groups: int, seed: int, most: int = 9) -> Rows:
    """Groups of 1 to so many rows, relevant by what the signal and the item say."""
    random = np.random.default_rng(seed)
    sizes = random.integers(1, most + 1, groups)
    keys = np.repeat(np.arange(groups, dtype=float), sizes)
    count = len(keys)
    items = random.choice(["bread", "milk", "salt"], count)
    signal = random.normal(size=count)
    liking = signal + np.select([items == "bread", items == "milk"], [1.0, 0.0], -1.0)
    targets = (liking + random.normal(size=count) > 0.5).astype(float)
    usual = np.where(items == "bread", 1.0, 0.0) + 0.1 * random.normal(size=count)
    features = pd.DataFrame({"customer": keys, "signal": signal, "usual": usual, "item": items})
    return Rows(features, targets)
