"""What the business counts of the predictions of a window, as far as it is known."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mlops_platform.data.kpi.joined import DAY, DECISION, MEETS, VERSION, read_kpi
from mlops_platform.data.kpi.stored import kpi_file, write_kpi
from mlops_platform.errors import DataError
from mlops_platform.monitoring.performance.kpi import KpiFigure, kpi_figures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.window.score import ScoredWindow

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


class MeasuredKpi(NamedTuple):
    """Figures, and sentences on what keeps them from being more."""

    figures: tuple[KpiFigure, ...] = ()
    notes: tuple[str, ...] = ()


def measure_kpi(
    published_root: Path, spec: ModelSpec, scored: ScoredWindow, as_of: datetime
) -> MeasuredKpi:
    """Join predictions with the declared table as it was known at a moment, and sum.

    A table that cannot be joined keeps nothing else from being measured: it is told.
    """
    kpi = spec.monitoring.kpi
    if kpi is None:
        return MeasuredKpi()
    try:
        rows = read_kpi(spec, kpi, published_root, scored.path, as_of)
    except DataError as error:
        return MeasuredKpi(notes=(f"The KPI was not measured: {error}",))
    groups, days = _groups(rows), rows[DAY].to_numpy().astype("datetime64[D]")
    confidence = spec.monitoring.performance.interval_confidence
    figures = [
        figure
        for name, unit in kpi.columns.items()
        for figure in kpi_figures(groups, days, _numbers(rows, name), (name, unit), confidence)
    ]
    met = int(rows[MEETS].to_numpy().sum())
    note = (
        f"No row of {kpi.table} that was known by then has the {spec.features.entity} and "
        f"{spec.features.partition} of one of the {rows.num_rows:,} predictions: its KPI is not "
        "known yet, or both tables name these otherwise."
    )
    return MeasuredKpi(tuple(figures), () if met else (note,))


def store_kpi(place: Settings, spec: ModelSpec, measured: WindowPerformance) -> None:
    """Keep the figures of a window where `mlops sql` finds them; nothing where there are none."""
    if not measured.kpi:
        return
    rows = [
        {
            **figure.model_dump(exclude={"interval"}),
            "lower": figure.interval and figure.interval.lower,
            "upper": figure.interval and figure.interval.upper,
        }
        for figure in measured.kpi
    ]
    write_kpi(kpi_file(place.kpi, spec.name, measured.window), rows, measured.as_of)


def _groups(rows: pa.Table) -> dict[tuple[int, str | None], NDArray[np.bool_]]:
    """Rows by version and decision, in the order of both."""
    import numpy as np

    versions = np.asarray(rows[VERSION].to_pylist(), dtype=np.int64)
    decisions = np.asarray(rows[DECISION].to_pylist(), dtype=object)
    pairs = sorted({*zip(versions.tolist(), decisions.tolist(), strict=True)}, key=str)
    return {
        (version, decision): (versions == version) & (decisions == decision)
        for version, decision in pairs
    }


def _numbers(rows: pa.Table, column: str) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(rows[column].to_pandas().to_numpy(dtype=np.float64, na_value=np.nan))
