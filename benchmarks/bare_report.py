"""The bare script's drift report."""

import warnings
from math import log, sqrt
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from benchmarks.bare_columns import CATEGORICAL, NUMERIC

THRESHOLD = 0.1 * sqrt(log(2))
"""0.1 in bits."""


def drift_report(window: pd.DataFrame, reference: pd.DataFrame, path: Path) -> None:
    """Write Evidently's page about the features and the scores of two samples."""
    numeric = [*NUMERIC, "score"]
    definition = DataDefinition(numerical_columns=numeric, categorical_columns=CATEGORICAL)
    columns = [*numeric, *CATEGORICAL]
    preset = DataDriftPreset(method="jensenshannon", threshold=THRESHOLD)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns whose values are all the same
        snapshot = Report([preset]).run(
            Dataset.from_pandas(window[columns], definition),
            Dataset.from_pandas(reference[columns], definition),
        )
    snapshot.save_html(str(path))
