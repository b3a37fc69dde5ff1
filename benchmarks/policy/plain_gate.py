"""What a gate costs: the platform's comparison with the champion, at any confidence and length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.policy.plain_fits import PlainFit
from mlops_platform.spec import ImprovementSpec
from mlops_platform.tasks.binary_classification.metrics import log_losses
from mlops_platform.training.judging.comparison import PairedLosses, compare_losses


@dataclass(frozen=True, eq=False)
class PlainGate:
    """Releases a fit where it was surely better on the last days; each pair is judged once.

    Attributes:
        labels, days: of the outcomes.
        margin: that the lower bound must exceed.
    """

    fits: Sequence[PlainFit]
    labels: NDArray[np.int64]
    days: NDArray[np.datetime64]
    test_days: int
    confidence: float
    margin: float = 0.0
    _verdicts: dict[tuple[int, int], bool] = field(default_factory=dict)

    def __call__(self, fit: int, champion: int) -> bool:
        """Whether `fit` replaces `champion`."""
        pair = (fit, champion)
        if pair not in self._verdicts:
            position, judged = self.fits[fit].judged[self.test_days]
            scores = self.fits[champion].scores
            first = len(self.labels) - len(scores)
            unseen = position >= first
            labels = self.labels[position[unseen]]
            found = compare_losses(
                ImprovementSpec(confidence=self.confidence),
                PairedLosses(
                    log_losses(labels, scores[position[unseen] - first]),
                    log_losses(labels, judged[unseen]),
                    self.days[position[unseen]],
                ),
                metric="log_loss",
                seed=0,
            )
            self._verdicts[pair] = (found.lower_bound or -1.0) > self.margin
        return self._verdicts[pair]
