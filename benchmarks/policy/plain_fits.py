"""One plain fit per week and test length: the pipeline alone, so that many of them are cheap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray

from mlops_platform.monitoring.policy.backtest.past import FitFacts
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.binary_classification.calibration import positive_scores
from mlops_platform.tasks.binary_classification.columns import BASE_RATE, THRESHOLD
from mlops_platform.tasks.binary_classification.costs import Costs
from mlops_platform.tasks.binary_classification.metrics import log_losses
from mlops_platform.tasks.binary_classification.task import BinaryClassification
from mlops_platform.tasks.binary_classification.threshold import theoretical_threshold
from mlops_platform.training.pipelines.pipeline import build_pipeline, candidate_named
from mlops_platform.training.pipelines.space import Params
from mlops_platform.training.rows import features_of, targets_of
from mlops_platform.usecases.backtest.past import ScoredFit


@dataclass(frozen=True, eq=False)
class PlainFit:
    """A pipeline fitted on all that was known, and one per test length that has not seen its days.

    Attributes:
        scores: of the outcomes' last rows: those with an event after the last one fitted on.
        judged: scores of the days before `as_of`, by their number, with the rows' positions.
    """

    as_of: datetime
    rows: int
    cpu_seconds: float
    base_rate: float
    scores: NDArray[np.float64]
    judged: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]

    def scored(self, labels: NDArray[np.int64], spec: ModelSpec) -> ScoredFit:
        """As the backtest reads it; its test is that of the shortest test length."""
        assert isinstance(spec.task, BinaryClassification)
        assert isinstance(spec.task.costs, Costs)
        position, judged = self.judged[min(self.judged)]
        tested, constant = labels[position], np.full(len(position), self.base_rate)
        threshold = theoretical_threshold(spec.task.costs)
        return ScoredFit(
            facts=FitFacts(
                as_of=self.as_of,
                rows=self.rows,
                cpu_seconds=self.cpu_seconds,
                test_loss=float(log_losses(tested, judged).mean()),
                test_baseline_loss=float(log_losses(tested, constant).mean()),
            ),
            baseline={BASE_RATE: self.base_rate},
            predictions=spec.task.predictions(self.scores[:, None], {THRESHOLD: threshold}),
        )


@dataclass(frozen=True, eq=False)
class PlainTraining:
    """What decides the fits of one estimator and history.

    Args:
        outcomes: every labelled row, by event time.
        history_days: of the rolling history, None for all that was known.
        test_days: lengths of the gate's test.
    """

    spec: ModelSpec
    candidate: str
    params: Params
    outcomes: pd.DataFrame
    history_days: int | None
    test_days: tuple[int, ...]

    def fits(self, moments: Sequence[datetime], workers: int) -> list[PlainFit]:
        """The fit of every moment."""
        return list(Parallel(n_jobs=workers)(delayed(self._fit)(moment) for moment in moments))

    def _fit(self, as_of: datetime) -> PlainFit:
        rows, event_time = self.outcomes, self.spec.features.event_time
        known = rows[(rows[self.spec.label.known_at] <= as_of) & (rows[event_time] <= as_of)]
        if self.history_days is not None:
            known = known[known[event_time] > as_of - timedelta(days=self.history_days)]
        before = process_time()
        pipeline = self._pipeline(known)
        cpu_seconds = process_time() - before
        later = rows[rows[event_time] > known[event_time].max()]
        return PlainFit(
            as_of=as_of,
            rows=len(known),
            cpu_seconds=cpu_seconds,
            base_rate=float(targets_of(known, self.spec).mean()),
            scores=self._scores(pipeline, later),
            judged={days: self._judged(known, as_of, days) for days in self.test_days},
        )

    def _judged(
        self, known: pd.DataFrame, as_of: datetime, days: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        tested = known[self.spec.features.event_time] > as_of - timedelta(days=days)
        pipeline = self._pipeline(known[~tested])
        return known.index[tested].to_numpy(), self._scores(pipeline, known[tested])

    def _pipeline(self, rows: pd.DataFrame) -> Any:
        candidate = candidate_named(self.spec, self.candidate)
        pipeline = build_pipeline(self.spec, candidate, self.params)
        return pipeline.fit(features_of(rows, self.spec), targets_of(rows, self.spec))

    def _scores(self, pipeline: Any, rows: pd.DataFrame) -> NDArray[np.float64]:
        return positive_scores(pipeline, features_of(rows, self.spec))
