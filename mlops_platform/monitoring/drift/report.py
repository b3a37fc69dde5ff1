"""Evidently's report of a window against the reference; it explains, the platform decides."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import log, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from evidently.presets import DataDriftPreset


def render_report(
    held_out: pd.DataFrame,
    window: pd.DataFrame,
    numeric: Sequence[str],
    categorical: Sequence[str],
    score: str,
    threshold: float = 0.1,
) -> str:
    """HTML page, some 5 MB, about the features and the predicted scores of two samples.

    It needs no outside resource. Its distances are in nats over bins of the two samples and
    without the nulls, so that they are near the platform's own and not equal to them. Columns
    without a value in either sample are left out, for Evidently refuses them.

    Args:
        score: column of the predictions in both frames.
        threshold: distance in bits, as the platform's, from which a column is marked as drifted.
    """
    shown = _columns_with_values((*numeric, score, *categorical), held_out, window)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import and its statistics warn about themselves
        from evidently import DataDefinition, Dataset, Report

        definition = DataDefinition(
            numerical_columns=[column for column in shown if column not in categorical],
            categorical_columns=[column for column in shown if column in categorical],
        )
        snapshot = Report([_preset(threshold)]).run(
            Dataset.from_pandas(window[shown], definition),
            Dataset.from_pandas(held_out[shown], definition),
        )
        return str(snapshot.get_html_str(as_iframe=False))


def _columns_with_values(columns: Sequence[str], *frames: pd.DataFrame) -> list[str]:
    return [column for column in columns if all(frame[column].notna().any() for frame in frames)]


def _preset(threshold: float) -> DataDriftPreset:
    from evidently.presets import DataDriftPreset

    class TableOfDrift(DataDriftPreset):  # type: ignore[misc]
        """The preset's page without its metrics: it draws each column for them, and shows none."""

        def generate_metrics(self, context: Any) -> Any:
            return []

    in_nats = threshold * sqrt(log(2))
    return TableOfDrift(method="jensenshannon", threshold=in_nats, include_tests=False)
