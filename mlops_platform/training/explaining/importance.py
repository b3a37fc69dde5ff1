"""Which features a model leans on: permutation importance, of columns and of groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self, TypeVar

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.training.explaining.correlated import correlated_groups
from mlops_platform.training.explaining.shuffled_rise import ShuffledRise
from mlops_platform.training.rows import targets_of
from mlops_platform.training.units import units_of
from mlops_platform.training.whole_groups import drawn_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame

    from mlops_platform.tasks import Predictions, Task

Rise = TypeVar("Rise", bound=ShuffledRise)
SHUFFLES: Final = 3
ROUNDING: Final = 1e-12
"""A loss that changes by less has not changed: a batch of rows rounds otherwise than another."""


class Importance(ShuffledRise):
    """By how much the loss rises when one feature's values are shuffled."""

    feature: str


class GroupImportance(ShuffledRise):
    """The same of features that say the same, all shuffled alike.

    Attributes:
        correlation: smallest absolute rank correlation between two of them.
    """

    features: tuple[str, ...]
    correlation: float


class Importances(NamedTuple):
    """Of all features, largest first, and of the groups of them that are highly correlated."""

    features: tuple[Importance, ...]
    groups: tuple[GroupImportance, ...]


def permutation_importances(
    spec: ModelSpec,
    candidate: Finished,
    rows: DataFrame,
    predictions: Predictions,
    fitted: DataFrame,
) -> Importances:
    """Importances on a seeded sample of `permutation_rows` rows (Breiman 2001).

    A feature is a column of the table: whatever the pipeline makes of it is shuffled with it.

    Args:
        rows: test rows.
        predictions: of the candidate, of these rows, with their weights.
        fitted: rows that it was fitted on. Of them columns are correlated: in a week of test rows
            whatever follows the days is.
    """
    shuffling = _Shuffling.of(spec, candidate, rows, predictions, spec.features.names)
    features = [shuffling.rise((name,), Importance, feature=name) for name in spec.learnt_features]
    groups = [
        shuffling.rise(
            group.columns, GroupImportance, features=group.columns, correlation=group.correlation
        )
        for group in correlated_groups(fitted, _numbers(spec))
    ]
    return Importances(
        tuple(sorted(features, key=lambda importance: -importance.mean)),
        tuple(sorted(groups, key=lambda importance: -importance.mean)),
    )


def _numbers(spec: ModelSpec) -> list[str]:
    numeric = (*spec.features.numeric, *spec.features.boolean)
    return [name for name in numeric if name in spec.learnt_features]


def means_of_parts(
    spec: ModelSpec,
    model: Finished,
    rows: DataFrame,
    predictions: Predictions,
    parts: Sequence[tuple[str, ...]],
) -> dict[tuple[str, ...], float]:
    """Mean importances of another model, on the rows and in the orders of the candidate.

    Args:
        model: with features of its own, all of them in `rows`.
        predictions: of the candidate, by whose weights rows count.
        parts: features, each with those that are shuffled with it.
    """
    read = [str(name) for name in model.model.feature_names_in_]
    stated = spec.task.predict(model.model, model.constants, rows[read])
    shuffling = _Shuffling.of(spec, model, rows, stated.weighted_like(predictions), read)
    return {part: shuffling.rise(part, ShuffledRise).mean for part in parts}


@dataclass(frozen=True, eq=False)
class _Shuffling:
    """Rows, their losses, and the orders in which every feature is shuffled.

    Args:
        orders: which row each row gets its values from, shape (shuffles, rows).
        repeated: the features as often as there are shuffles, so that the model is asked once.
    """

    task: Task
    candidate: Finished
    features: DataFrame
    targets: NDArray[Any]
    losses: NDArray[np.float64]
    weights: NDArray[np.float64] | None
    units: NDArray[Any]
    orders: NDArray[np.intp]
    repeated: DataFrame

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        candidate: Finished,
        rows: DataFrame,
        predictions: Predictions,
        columns: Sequence[str],
    ) -> Self:
        import numpy as np

        random = np.random.default_rng(spec.training.tuning.seed)
        drawn = drawn_rows(rows, spec, spec.evaluation.permutation_rows, random)
        count = len(drawn)
        sample, stated = rows.iloc[drawn].reset_index(drop=True), predictions.rows(drawn)
        targets, features = targets_of(sample, spec), sample[list(columns)]
        orders = np.stack([random.permutation(count) for _ in range(SHUFFLES)])
        repeated = features.take(np.tile(np.arange(count), SHUFFLES)).reset_index(drop=True)
        return cls(
            task=spec.task,
            candidate=candidate,
            features=features,
            targets=targets,
            losses=spec.task.row_losses(targets, stated),
            weights=stated.weights,
            units=units_of(rows, spec)[drawn],
            orders=orders,
            repeated=repeated,
        )

    def rise(self, columns: Sequence[str], kind: type[Rise], **named: Any) -> Rise:
        """What shuffling some columns alike does to the loss."""
        import numpy as np

        taken = self.features[list(columns)].take(self.orders.ravel())
        shuffled = self.repeated.assign(
            **{name: taken[name].set_axis(self.repeated.index) for name in columns}
        )
        model, constants = self.candidate.model, self.candidate.constants
        weights = None if self.weights is None else np.tile(self.weights, len(self.orders))
        predictions = self.task.predict(model, constants, shuffled, weights)
        # Order by order: rows that are judged together are so in each.
        shuffles = np.arange(self.orders.size).reshape(self.orders.shape)
        losses = np.stack(
            [self.task.row_losses(self.targets, predictions.rows(at)) for at in shuffles]
        )
        rises = losses - self.losses
        rises[np.abs(rises) <= ROUNDING * np.maximum(1.0, np.abs(self.losses))] = 0.0
        return kind.of(rises, self.orders, self.weights, self.units, **named)
