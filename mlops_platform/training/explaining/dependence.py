"""How predictions depend on a feature: partial dependence, and how much rows differ in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from mlops_platform.column_kind import KINDS, KindName
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.tasks.weights import quantiles_of
from mlops_platform.training.explaining.importance import Importance
from mlops_platform.training.rows import features_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    from mlops_platform.tasks import Output, Predictions

TAIL: Final = 0.01
"""Share of the values at either end that a grid leaves out."""
SPREAD: Final = 0.8
"""Share of the rows that lie within the band around a curve."""


MOST_CURVES: Final = 12
"""Of one feature; of more outputs those with the longest way from lowest to highest are kept."""


class DependenceCurve(Record):
    """The mean prediction at each value, if all rows had it.

    Attributes:
        output: column of the predictions.
        words: the same for a person; older records have none.
        mean: by the weights of the rows.
        lower, upper: of 80 % of the rows, after each row's own curve is moved onto the mean: no
            wider than the mean where the feature does the same to all rows, whatever else they are.
        at_missing: the mean if no row had a value; None where none lacks it.
    """

    output: str
    words: str | None = Field(default=None, exclude_if=left_out_where_empty)
    mean: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    at_missing: float | None = None

    @property
    def reach(self) -> float:
        """From the lowest mean to the highest."""
        return max(self.mean) - min(self.mean)


class PartialDependence(Record):
    """How predictions depend on one feature (Friedman 2001).

    Attributes:
        values: of the feature, along the curves; flags are 0 and 1.
        shares: of the rows that have a value: in equal steps from the first value to the last
            (numbers), or at each value.
        outside: share of the rows with a value that is not along the curves.
        missing: share of the rows that lack it.
        left_out: what further outputs are called, which depend on it less.
        reason: why there are no curves; None where there are.
    """

    feature: str
    kind: KindName
    values: tuple[float | str, ...] = ()
    shares: tuple[float, ...] = ()
    outside: float = 0.0
    missing: float = 0.0
    curves: tuple[DependenceCurve, ...] = ()
    left_out: tuple[str, ...] = Field(default=(), exclude_if=left_out_where_empty)
    reason: str | None = None

    def shown(self, value: float | str) -> str:
        """A value as a person reads it."""
        if self.kind == "boolean":
            return "true" if value else "false"
        return f"{value:.6g}" if isinstance(value, float) else value

    def extremes(self, curve: DependenceCurve) -> tuple[int, int]:
        """Where along a curve its mean is lowest, and where highest."""
        return curve.mean.index(min(curve.mean)), curve.mean.index(max(curve.mean))


def partial_dependences(
    spec: ModelSpec,
    candidate: Finished,
    rows: DataFrame,
    predictions: Predictions,
    importances: Sequence[Importance],
) -> tuple[PartialDependence, ...]:
    """Of the features that the model leans on most, in that order.

    Args:
        rows: test rows, by which values are chosen and counted.
        predictions: of the candidate, of these rows, with their weights.
        importances: largest first.
    """
    import numpy as np

    declared, kinds = spec.evaluation.partial_dependence, spec.features.kinds
    leading = [found.feature for found in importances if found.mean > 0][: declared.features]
    random = np.random.default_rng(spec.training.tuning.seed)
    drawn = np.sort(random.choice(len(rows), min(len(rows), declared.rows), replace=False))
    asked = _Asked(
        spec,
        candidate,
        features_of(rows.iloc[drawn].reset_index(drop=True), spec),
        predictions.rows(drawn).weights,
    )
    return tuple(_of_feature(asked, rows[name], kinds[name].name) for name in leading)


@dataclass(frozen=True, eq=False)
class _Asked:
    """Rows that a model is asked about again and again, with other values of one feature."""

    spec: ModelSpec
    candidate: Finished
    features: DataFrame
    weights: NDArray[np.float64] | None

    def predicted(self, feature: str, values: NDArray[Any]) -> Predictions:
        """Predictions of all rows at each value, one value after the other."""
        import numpy as np

        count = len(self.features)
        repeated = self.features.take(np.tile(np.arange(count), len(values)))
        repeated = repeated.reset_index(drop=True)
        repeated[feature] = np.repeat(values, count)
        model, constants = self.candidate.model, self.candidate.constants
        return self.spec.task.predict(model, constants, repeated)

    def curves(
        self, feature: str, values: NDArray[Any], lacks: bool
    ) -> tuple[DependenceCurve, ...]:
        """One for each output that the task shows."""
        import numpy as np

        missing = np.array([np.nan if values.dtype.kind == "f" else None], dtype=values.dtype)
        predicted = self.predicted(feature, np.concatenate([values, missing]) if lacks else values)
        outputs = {output.name: output for output in self.spec.task.outputs}
        return tuple(
            self._curve(outputs[name], predicted[name].reshape(-1, len(self.features)), lacks)
            for name in self.spec.task.dependent_outputs
        )

    def _curve(
        self, output: Output, predicted: NDArray[np.float64], lacks: bool
    ) -> DependenceCurve:
        """Shape (values, rows); the last value is a missing one where some row `lacks` it."""
        import numpy as np

        means = np.average(predicted, axis=1, weights=self.weights)
        own = predicted[:-1] if lacks else predicted
        mean = means[: len(own)]
        moved = own - own.mean(axis=0) + mean.mean()
        ends = [(1 - SPREAD) / 2, (1 + SPREAD) / 2]
        lower, upper = np.array([quantiles_of(row, ends, self.weights) for row in moved]).T
        return DependenceCurve(
            output=output.name,
            words=output.words,
            mean=tuple(mean.tolist()),
            lower=tuple(lower.tolist()),
            upper=tuple(upper.tolist()),
            at_missing=float(means[-1]) if lacks else None,
        )


def _of_feature(asked: _Asked, column: Series, kind: KindName) -> PartialDependence:
    feature, known = str(column.name), column.dropna()
    missing, finite = float(column.isna().mean()), _finite(known, kind)
    reason = _reason(feature, finite, kind)
    if reason is not None:
        return PartialDependence(feature=feature, kind=kind, missing=missing, reason=reason)
    most = asked.spec.evaluation.partial_dependence.values
    values = _grid(finite, most) if kind == "numeric" else _most_frequent(finite, most)
    curves = asked.curves(feature, values, bool(asked.features[feature].isna().any()))
    longest = sorted(curves, key=lambda curve: -curve.reach)[:MOST_CURVES]
    return PartialDependence(
        feature=feature,
        kind=kind,
        values=tuple(values.tolist()),
        shares=_shares(known, values, kind),
        outside=_outside(known, values, kind),
        missing=missing,
        curves=tuple(curve for curve in curves if curve in longest),
        left_out=tuple(curve.words or curve.output for curve in curves if curve not in longest),
    )


def _finite(known: Series, kind: KindName) -> Series:
    import numpy as np

    return known[np.isfinite(known)] if KINDS[kind].is_number else known


def _reason(feature: str, known: Series, kind: KindName) -> str | None:
    if kind == "text":
        return f"{feature} is free text, of which there are no values to go along"
    if known.empty:
        return f"{feature} has no value in the test rows"
    if known.nunique() == 1:
        return f"{feature} is always {known.iloc[0]} in the test rows"
    return None


def _grid(known: Series, most: int) -> NDArray[np.float64]:
    """Values that rows have, as far apart as their quantiles; all of them where they are few."""
    import numpy as np

    distinct = np.unique(known.to_numpy(dtype=np.float64))
    if len(distinct) <= most:
        return distinct
    shares = np.linspace(TAIL, 1 - TAIL, most)
    grid = np.unique(np.quantile(known.to_numpy(np.float64), shares, method="inverted_cdf"))
    # Where nearly all rows have one value, no quantile tells the others.
    return grid if len(grid) > 1 else distinct[[0, -1]]


def _most_frequent(known: Series, most: int) -> NDArray[Any]:
    """Values of flags in their order; of categories those of most rows, most frequent first."""
    import numpy as np

    if known.dtype.kind in "fb":
        return np.unique(known.to_numpy(dtype=np.float64))
    counts = known.value_counts()
    ordered = sorted(counts.index, key=lambda value: (-counts[value], value))[:most]
    return np.array(ordered, dtype=object)


def _shares(known: Series, values: NDArray[Any], kind: KindName) -> tuple[float, ...]:
    import numpy as np

    if kind != "numeric":
        return tuple(float((known == value).mean()) for value in values)
    numbers = known.to_numpy(dtype=np.float64)
    counts, _ = np.histogram(
        numbers[np.isfinite(numbers)], bins=len(values), range=(values[0], values[-1])
    )
    return tuple((counts / len(numbers)).tolist())


def _outside(known: Series, values: NDArray[Any], kind: KindName) -> float:
    if KINDS[kind].is_number:
        return float(((known < values[0]) | (known > values[-1])).mean())
    return float((~known.isin(values)).mean())
