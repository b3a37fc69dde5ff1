"""How far a window has drifted from what its release was trained on, in numbers and as a report."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.features import read_feature_rows
from mlops_platform.data.parquet import read_parquet
from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.monitoring.drift.window_drift import WindowDrift, measure_drift
from mlops_platform.monitoring.reference import Reference, sample
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reference import SCORE
from mlops_platform.usecases.score_window import ScoredWindow, sent_column

if TYPE_CHECKING:
    import pyarrow as pa

    from mlops_platform.registry.registry import Registry


class WatchedWindow(Record):
    """The drift of one window and where its report is.

    Args:
        report: name of the HTML file in the model's monitoring run.
    """

    window: Window
    version: int
    release: int
    drift: WindowDrift
    run_id: str
    report: str


def watch_drift(
    spec: ModelSpec,
    scored: ScoredWindow,
    reference: Reference,
    held_out: pa.Table,
    published_root: Path,
    registry: Registry,
) -> WatchedWindow:
    """Measure all rows of a window; explain a sample of them with Evidently.

    Reports that are older than the declared time, counted back from this window, are deleted.
    """
    from mlops_platform.monitoring.drift.report import render_report

    rows = _scored_rows(spec, scored, published_root)
    declared = spec.monitoring.drift
    drift = measure_drift(
        reference.profile, rows, held_out[SCORE].to_numpy(), rows[SCORE].to_numpy(), declared
    )
    html = render_report(
        sample(held_out, spec.features.entity, declared.sample_rows).to_pandas(),
        sample(rows, spec.features.entity, declared.sample_rows).to_pandas(),
        spec.features.numeric,
        spec.features.categorical,
        SCORE,
        declared.column_threshold,
    )
    report = _report_name(scored.window)
    with registry.monitoring_run(spec.name) as run:
        run.log_text(report, html)
        for old in _expired(spec, scored.window):
            run.delete_file(_report_name(old))
    return WatchedWindow(
        window=scored.window,
        version=scored.version,
        release=scored.release,
        drift=drift,
        run_id=run.run_id,
        report=report,
    )


def _scored_rows(spec: ModelSpec, scored: ScoredWindow, published_root: Path) -> pa.Table:
    """The window's features with the scores that were made from them.

    Of a served window they are what was sent, as far as that was logged.
    """
    entity, predicted = spec.features.entity, read_parquet(scored.path)
    features = read_feature_rows(spec, published_root, scored.window.days)
    sent = [name for name in spec.features.names if sent_column(name) in predicted.column_names]
    scores = predicted.select([entity, SCORE, *map(sent_column, sent)])
    rows = features.drop_columns(sent).join(scores, entity, join_type="inner")
    names = {sent_column(name): name for name in sent}
    return rows.rename_columns([names.get(name, name) for name in rows.column_names])


def _report_name(window: Window) -> str:
    return f"reports/{window.name}.html"


def _expired(spec: ModelSpec, window: Window) -> list[Window]:
    """Windows whose reports may be there and need not be kept any longer."""
    kept = timedelta(days=spec.monitoring.drift.keep_reports_days)
    return ended_windows(spec.window, window.ends_at - kept)[-4:]
