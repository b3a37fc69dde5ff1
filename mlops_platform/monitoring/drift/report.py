"""Evidently's report of a window against the reference; it explains, the platform decides."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd
    from evidently.presets import DataDriftPreset

    from mlops_platform.monitoring.drift.column_drift import ColumnDrift
    from mlops_platform.monitoring.drift.window_drift import WindowDrift
    from mlops_platform.spec import FixedDriftSpec

OF_ALL_ROWS = "all rows"
MOST_CHARACTERS = 100
"""Of a category; longer ones are cut short on the page."""


class _Decision(NamedTuple):
    """What the page says of one column."""

    figure: str
    value: float
    threshold: float
    drifted: bool


def render_report(
    held_out: pd.DataFrame,
    window: pd.DataFrame,
    categorical: Sequence[str],
    drift: WindowDrift,
    fixed: FixedDriftSpec,
) -> str:
    """HTML page, some 5 MB, about the features and the predicted scores of two samples.

    It needs no outside resource. Its pictures are of the samples, its figures and verdicts those of
    the decision, which are of all rows; its headline is the alarm of the window. That may be one of
    a segment, or of a column without any value in either sample: those are not on the page, for
    Evidently refuses them.

    Args:
        held_out, window: samples, with the features and the scores.
        categorical: names of the features that are.
        drift: the decision.
    """
    decisions = {
        column.column: _decision(column, group.threshold, fixed if drift.rule == "fixed" else None)
        for group in (drift.features, drift.scores)
        for column in group.columns
        if all(sample[column.column].notna().any() for sample in (held_out, window))
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import and its statistics warn about themselves
        from evidently import DataDefinition, Dataset, Report

        definition = DataDefinition(
            numerical_columns=[column for column in decisions if column not in categorical],
            categorical_columns=[column for column in decisions if column in categorical],
        )
        snapshot = Report([_preset(decisions, alarm=bool(drift.alarm))]).run(
            Dataset.from_pandas(_harmless(window[list(decisions)], categorical), definition),
            Dataset.from_pandas(_harmless(held_out[list(decisions)], categorical), definition),
        )
        return str(snapshot.get_html_str(as_iframe=False))


def _harmless(sample: pd.DataFrame, categorical: Sequence[str]) -> pd.DataFrame:
    """A sample whose categories can be nothing but text on the page.

    Evidently writes them into a script as they are, where `</script>` ends it; they may have come
    with a request. Its pictures show `&lt;` as `<`.
    """
    texts = {
        name: sample[name].map(_harmless_text, na_action="ignore")
        for name in categorical
        if name in sample
    }
    return sample.assign(**texts)


def _harmless_text(category: str) -> str:
    if len(category) > MOST_CHARACTERS:
        category = f"{category[:MOST_CHARACTERS]}…"
    return escape(category.replace("\0", "�"), quote=False)


def _decision(
    column: ColumnDrift, threshold: float | None, fixed: FixedDriftSpec | None
) -> _Decision:
    if fixed is not None:
        name, level = fixed.statistic.replace("_", " "), fixed.column_threshold
        return _Decision(name, column.figure(fixed.statistic), level, column.drifted)
    if column.deviation is None or threshold is None:
        return _Decision(
            "Jensen-Shannon distance, not judged", column.statistic, 1.0, drifted=False
        )
    return _Decision(
        f"deviation of the {column.cause}", column.deviation, threshold, column.drifted
    )


def _preset(decisions: dict[str, _Decision], *, alarm: bool) -> DataDriftPreset:
    """The page whose headline and table say what was decided."""
    from evidently.presets import DataDriftPreset

    class TableOfDrift(DataDriftPreset):  # type: ignore[misc]
        """The preset's page without its metrics: it draws each column for them, and shows none."""

        def generate_metrics(self, context: Any) -> Any:
            return []

    return TableOfDrift(
        # The share of drifted columns from which the headline is an alarm.
        drift_share=0.0 if alarm else 1.0,
        per_column_method={name: _method(name, decision) for name, decision in decisions.items()},
        per_column_threshold={name: decision.threshold for name, decision in decisions.items()},
        include_tests=False,
    )


def _method(column: str, decision: _Decision) -> Callable[..., tuple[float, bool]]:
    """A drift method in Evidently's sense, that says what was decided."""

    def decided(*_: Any) -> tuple[float, bool]:
        return decision.value, decision.drifted

    # What the page calls it; Evidently takes methods of one name for one.
    decided.__name__ = f"{column}: {decision.figure}, {OF_ALL_ROWS}"
    return decided
