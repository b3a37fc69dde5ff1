"""How far a window has drifted from what its release was trained on, in numbers and as a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.data.features.builds import complete_days_of
from mlops_platform.data.features.published import read_manifest
from mlops_platform.data.served.watched_rows import WatchedRows, watched_rows
from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.monitoring.drift.profile.profile import Profile, count_texts, count_window
from mlops_platform.monitoring.drift.profile.texts import (
    known_to_windows,
    profiled_columns,
    shared_importances,
    with_derived,
)
from mlops_platform.monitoring.drift.segments import count_segments, segments_in, subgroups_in
from mlops_platform.monitoring.drift.window_drift import WindowDrift, measure_drift
from mlops_platform.monitoring.quality.day_volume import WindowVolume, measure_volume
from mlops_platform.monitoring.quality.window_quality import WindowQuality, measure_quality
from mlops_platform.monitoring.reference import VersionReference, sample
from mlops_platform.record import Record
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    from mlops_platform.monitoring.drift.profile.histogram import Histogram


class WatchedWindow(Record):
    """The drift of one window, the quality of its data, and where its report is.

    Args:
        drift: None where the window is empty: there is nothing to compare.
        quality: None in what was recorded before it was measured.
        report: name of the HTML file in the model's monitoring run; None, like the run, where the
            window is empty.
    """

    window: Window
    version: int
    release: int
    drift: WindowDrift | None
    quality: WindowQuality | None = None
    run_id: str | None
    report: str | None


def watch_drift(
    deployment: Deployment,
    spec: ModelSpec,
    scored: ScoredWindow,
    reference: VersionReference,
    profile: Profile,
) -> WatchedWindow:
    """Measure all rows of a window; explain a sample of them with Evidently.

    Of an empty window only the volume is measured. Reports that are older than the declared time,
    counted back from this window, are deleted.
    """
    volume = window_volume(deployment.settings, spec, scored.window, profile)
    if scored.is_empty:
        return _watched_empty(scored, profile, volume)
    from mlops_platform.monitoring.drift.report import render_report

    declared, entity = spec.monitoring.drift, spec.features.entity
    with open_window(spec, scored, deployment.settings.published) as rows:
        counted = count_rows(spec, rows, profile)
        repeated = rows.repeated(entity)
        drawn = rows.sample(entity, declared.sample_rows)
        known = known_to_windows(profile.bins.vocabularies)
        shown = with_derived(rows.connection, drawn, known).to_pandas()
    quality = counted_quality(spec, counted, profile, volume, repeated)
    drift = counted_drift(spec, counted, profile, scored.window.days, reference)
    html = render_report(
        sample(reference.held_out, entity, declared.sample_rows).to_pandas(),
        shown,
        (*spec.features.categorical, *spec.task.watched_categories),
        drift,
        declared.fixed,
    )
    report = _report_name(scored.window)
    with deployment.registry.monitoring_run(spec.name) as run:
        run.log_text(report, html)
        for old in _expired(spec, scored.window):
            run.delete_file(_report_name(old))
    return WatchedWindow(
        window=scored.window,
        version=scored.version,
        release=scored.release,
        drift=drift,
        quality=quality,
        run_id=run.run_id,
        report=report,
    )


def _watched_empty(scored: ScoredWindow, profile: Profile, volume: WindowVolume) -> WatchedWindow:
    return WatchedWindow(
        window=scored.window,
        version=scored.version,
        release=scored.release,
        drift=None,
        quality=measure_quality(profile, {}, volume, repeated=0),
        run_id=None,
        report=None,
    )


def count_rows(spec: ModelSpec, rows: WatchedRows, profile: Profile) -> dict[str, Histogram]:
    """All rows of a window in the bins of the profile, by column."""
    connection = rows.connection
    return {
        **count_window(connection, rows.features, profile, spec.features.names),
        **count_texts(connection, rows.features, profile),
        **count_window(connection, rows.predictions, profile, spec.task.watched),
        **_segments(spec, rows, profile),
    }


def counted_quality(
    spec: ModelSpec,
    counted: Mapping[str, Histogram],
    profile: Profile,
    volume: WindowVolume,
    repeated: int,
) -> WindowQuality:
    """The quality of a window's rows, of what `count_rows` has counted of them."""
    columns = {name: counted[name] for name in _profiled(spec)}
    return measure_quality(profile, columns, volume, repeated)


def counted_drift(
    spec: ModelSpec,
    counted: Mapping[str, Histogram],
    profile: Profile,
    days: Sequence[date],
    reference: VersionReference,
) -> WindowDrift:
    """The drift of a window's rows, of what `count_rows` has counted of them."""
    importances = shared_importances(reference.figures.importances, spec.features.text)
    declared, watched = spec.monitoring.drift, spec.task.watched
    return measure_drift(profile, counted, watched, days, declared, importances)


def window_volume(
    lake: Settings, spec: ModelSpec, window: Window, profile: Profile
) -> WindowVolume:
    """How many rows were published for the days of a window, against those of the reference."""
    partitions = read_manifest(lake.published, spec.features.table).partitions
    complete = complete_days_of(lake.landing, lake.published, spec.features.table)
    empty = dict.fromkeys(complete, 0)
    built = {**empty, **{day: published.rows for day, published in partitions.items()}}
    if profile.bins.unit == "day":
        reference = profile.column(_profiled(spec)[0]).dates
    else:
        # Its rows are not told apart by day: what landed before on whatever day.
        reference = sorted(day for day in built if day < window.start)
    return measure_volume(built, reference, window.days)


def _profiled(spec: ModelSpec) -> tuple[str, ...]:
    return profiled_columns(spec.learnt_features, spec.features.text)


def _segments(spec: ModelSpec, rows: WatchedRows, profile: Profile) -> dict[str, Histogram]:
    if not segments_in(profile):
        return {}
    table = rows.predictions_beside(spec.features.entity, subgroups_in(profile))
    return count_segments(rows.connection, table, profile, spec.task.watched[0])


def open_window(
    spec: ModelSpec, scored: ScoredWindow, published_root: Path
) -> AbstractContextManager[WatchedRows]:
    """The features that a window was scored from, with the predictions."""
    days = scored.window.days
    return watched_rows(
        spec,
        published_root,
        days,
        scored.path,
        unchanged=scored.source == "batch"
        and scored.feature_snapshot
        == read_manifest(published_root, spec.features.table).digest_of(days),
    )


def _report_name(window: Window) -> str:
    return f"reports/{window.name}.html"


def _expired(spec: ModelSpec, window: Window) -> list[Window]:
    """Windows whose reports may be there and need not be kept any longer."""
    kept = timedelta(days=spec.monitoring.drift.keep_reports_days)
    return ended_windows(spec.window, window.ends_at - kept)[-4:]
