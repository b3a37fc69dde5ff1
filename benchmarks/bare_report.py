"""The bare script's drift report."""

import warnings
from math import log, sqrt
from pathlib import Path
from typing import Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

from benchmarks.bare_columns import CATEGORICAL, NUMERIC

THRESHOLD = 0.1 * sqrt(log(2))
"""0.1 bits, in the nats that Evidently counts in."""


class PageOnly(DataDriftPreset):  # type: ignore[misc]
    """The preset without its metrics, for which it draws every column again and shows none."""

    def generate_metrics(self, context: Any) -> Any:
        """None: the page is the same, and a third of the time is saved."""
        return []


def drift_report(window: pd.DataFrame, reference: pd.DataFrame, path: Path) -> None:
    """Write Evidently's page about the features and the scores of two samples."""
    columns = [*NUMERIC, "score", *CATEGORICAL]
    definition = DataDefinition(
        numerical_columns=[*NUMERIC, "score"], categorical_columns=CATEGORICAL
    )
    preset = PageOnly(method="jensenshannon", threshold=THRESHOLD, include_tests=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its statistics warn about themselves
        snapshot = Report([preset]).run(
            Dataset.from_pandas(window[columns], definition),
            Dataset.from_pandas(reference[columns], definition),
        )
        snapshot.save_html(str(path))
