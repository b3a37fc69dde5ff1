"""What the seasonal naive says of rows, and how wrong it was where the outcome is known."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers


KEY_BYTES: Final = 6
"""Of a digest: as many as a float64 holds exactly."""


class SeriesScales(NamedTuple):
    """How wrong the seasonal naive was on each series, all of shape (series,).

    Attributes:
        series: their names, ascending.
        keys: numbers that stand for them, the same whatever other series there are.
        errors: mean absolute errors, positive.
        rms_errors: root mean squared errors, positive.
    """

    series: NDArray[np.object_]
    keys: Numbers
    errors: Numbers
    rms_errors: Numbers


def series_scales(
    series: NDArray[np.object_], errors: Numbers, weights: Numbers | None = None
) -> SeriesScales:
    """Scale of the errors of each series: the error of the naive on what was fitted on.

    After Hyndman and Koehler (2006, "Another look at measures of forecast accuracy", section 3).
    A series without an error, or where the naive was always right, is scaled as all of them are:
    nothing can be divided by its own.

    Args:
        series: name of the series of each row, shape (rows,); None where there is none.
        errors: of the naive, shape (rows,); NaN where it has no value. At least one is not 0.
        weights: shape (rows,); None where all rows count the same.
    """
    import numpy as np
    import pandas as pd

    counted = np.ones(len(errors)) if weights is None else weights
    counted = np.where(np.isnan(errors), 0.0, counted)
    sums = pd.DataFrame(
        {
            "series": series,
            "absolute": np.nan_to_num(np.abs(errors)) * counted,
            "squared": np.nan_to_num(errors**2) * counted,
            "weight": counted,
        }
    )
    of_series = sums.groupby("series", sort=True).sum()
    pooled = sums[["absolute", "squared"]].sum() / counted.sum()
    means = of_series[["absolute", "squared"]].div(of_series["weight"], axis=0)
    means = means.where(means > 0).fillna(pooled)
    names = means.index.to_numpy(dtype=object)
    return SeriesScales(
        series=names,
        keys=np.array([_key(name) for name in names], dtype=np.float64),
        errors=means["absolute"].to_numpy(dtype=np.float64),
        rms_errors=np.sqrt(means["squared"].to_numpy(dtype=np.float64)),
    )


def has_errors(errors: Numbers) -> bool:
    """Whether one is known that is not 0; NaN where the naive has no value."""
    import numpy as np

    return bool(np.nansum(np.abs(errors)))


def scale_of_each(series: NDArray[np.object_], scales: SeriesScales) -> Numbers:
    """Mean absolute error of the naive on the series of each row, shape (rows,).

    Args:
        series: names, None where missing; a new one has the mean of all.
    """
    import numpy as np

    known = dict(zip(scales.series, scales.errors, strict=True))
    usual = float(scales.errors.mean())
    return np.array([known.get(name, usual) for name in series], dtype=np.float64)


def _key(name: str) -> float:
    return float(int.from_bytes(blake2b(name.encode(), digest_size=KEY_BYTES).digest()))


def text_column(frame: Any, name: str) -> NDArray[np.object_]:
    """A column of names, None where missing, shape (rows,)."""
    import pandas as pd

    column = frame[name].astype(object)
    names: NDArray[np.object_] = column.where(pd.notna(column), None).to_numpy(dtype=object)
    return names


def number_column(frame: Any, name: str) -> Numbers:
    """A column of numbers, NaN where missing, shape (rows,)."""
    import numpy as np

    numbers: Numbers = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers
