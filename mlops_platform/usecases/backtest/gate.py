"""The gate of the platform over the fits of the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlops_platform.data.predicted_columns import predictions_in
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.weights import relative_weights
from mlops_platform.training.judging.agreement import agreement_of
from mlops_platform.training.judging.comparison import Comparison, PairedLosses, compare_losses
from mlops_platform.training.judging.gate import apply_gate
from mlops_platform.usecases.backtest.fits import PastFit

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class PastGate:
    """Judges fits against each other as the platform would have; each pair once.

    What no replay can measure again is taken to hold: that the stored model and the service answer
    as the fitted one does.

    Args:
        outcomes: what the fits were scored on.
    """

    spec: ModelSpec
    fits: Sequence[PastFit]
    outcomes: pa.Table
    _verdicts: dict[tuple[int, int], bool] = field(default_factory=dict)

    def __call__(self, fit: int, champion: int) -> bool:
        """Whether `fit` would have been promoted over `champion`."""
        pair = (fit, champion)
        if pair not in self._verdicts:
            verdict = apply_gate(
                self.spec,
                self.fits[fit].evaluation,
                self._comparison(self.fits[fit], self.fits[champion]),
                round_trip=True,
                serving_fault=None,
            )
            self._verdicts[pair] = verdict.outcome == "promote"
        return self._verdicts[pair]

    def _comparison(self, fit: PastFit, champion: PastFit) -> Comparison:
        """On the judged candidate's test rows that the champion was not fitted on.

        With the labels of that time. Rows whose label was taken back since are left out: the
        champion was not asked about them.
        """
        import pyarrow.compute as pc

        judged, predictions = fit.judged(), champion.scored(self.spec).predictions
        entities = self.outcomes[self.spec.features.entity]
        position = pc.fill_null(pc.index_in(judged["entity"], entities), -1).to_numpy()
        first = len(entities) - len(predictions)
        unseen = (position >= first) & (position >= 0)
        task, common = self.spec.task, position[unseen]
        targets = task.targets(judged["label"].to_numpy()[unseen])
        before = predictions.rows(common - first)
        candidate = task.gone_on_predictions(
            before, predictions_in(judged, task.outputs).rows(unseen)
        )
        weight = self.spec.features.weight
        comparison = compare_losses(
            self.spec.gate.improvement,
            PairedLosses(
                task.row_losses(targets, before),
                task.row_losses(targets, candidate),
                self._column(self.spec.features.partition, common).astype("datetime64[D]"),
                None if weight is None else relative_weights(self._column(weight, common)),
            ),
            metric=task.loss,
            seed=self.spec.training.tuning.seed,
        )
        agreement = agreement_of(task, before, candidate)
        return comparison.model_copy(update=dict(agreement))

    def _column(self, name: str, position: NDArray[np.int64]) -> NDArray[np.generic]:
        values: NDArray[np.generic] = self.outcomes[name].take(position).to_numpy()
        return values
