"""What has become of the series of a version: which are new, and which are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops_platform.tasks.forecasting.columns import NEW_SERIES

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers


def series_notes(tested: Numbers, stated: Numbers) -> tuple[str, ...]:
    """Sentences; none where the series are those of the test.

    Args:
        tested: keys of the series of the rows that a version was tested on, shape (rows,).
        stated: the same of later rows.
    """
    import numpy as np

    known = np.unique(tested[tested != NEW_SERIES])
    gone, new_rows = np.setdiff1d(known, stated), int((stated == NEW_SERIES).sum())
    notes = []
    if new_rows:
        notes.append(
            f"{new_rows:,} of {len(stated):,} rows are of series that the version was not fitted "
            "on: it forecasts them as it does any, and errors are scaled as those of all series."
        )
    if len(gone):
        notes.append(
            f"{len(gone):,} of the {len(known):,} series that the version was tested on have no "
            "row here."
        )
    return tuple(notes)
