"""KpiFigure: what the business counts of some predictions, by version and decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.monitoring.performance.interval import Interval, clustered_mean
from mlops_platform.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray


class KpiFigure(Record):
    """One figure of the predictions of a window that one version decided alike.

    Args:
        unit: in what it is counted.
        decision: as text; None where the task decides nothing.
        rows: predictions.
        known: of these, those whose figure is known.
        total, mean: of these; None where there are none.
        interval: of the mean; None where days are too few to tell.
    """

    column: str
    unit: str
    version: int
    decision: str | None
    rows: int
    known: int
    total: float | None
    mean: float | None
    interval: Interval | None

    @property
    def text(self) -> str:
        """One sentence without its full stop."""
        of = f"Of version {self.version}"
        if self.decision is not None:
            of = f"Where the decision of version {self.version} was {self.decision}"
        if self.mean is None:
            return f"{of}, {self.column} is not known of any of {self.rows:,} rows"
        sure = ""
        if self.interval is not None:
            sure = f" ({self.interval.lower:,.4g} to {self.interval.upper:,.4g})"
        return (
            f"{of}, {self.column} was {self.mean:,.4g} {self.unit} on average{sure}, "
            f"{self.total:,.0f} in all, as far as it is known: of {self.known:,} of "
            f"{self.rows:,} rows"
        )


def kpi_figures(
    groups: Mapping[tuple[int, str | None], NDArray[np.bool_]],
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    column: tuple[str, str],
    confidence: float,
) -> Iterator[KpiFigure]:
    """One column by version and decision.

    Args:
        groups: the rows of each, shape (rows,).
        days: of the rows, shape (rows,).
        values: of the rows, NaN where they are not known, shape (rows,).
        column: its name and unit.
        confidence: two-sided, of the interval of a mean over days.
    """
    import numpy as np

    name, unit = column
    for (version, decision), rows in groups.items():
        known = values[rows & ~np.isnan(values)]
        sure = clustered_mean(values[rows], days[rows])
        yield KpiFigure(
            column=name,
            unit=unit,
            version=version,
            decision=decision,
            rows=int(rows.sum()),
            known=len(known),
            total=float(known.sum()) if len(known) else None,
            mean=float(known.mean()) if len(known) else None,
            interval=None if sure is None else sure.interval(confidence),
        )
