"""Regression, and what every task shares that predicts a number with an interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from mlops_platform.record import left_out_where_empty
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import COVERAGE, RowAnswer, shown_with_coverage
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.conformal import conformal_quantile
from mlops_platform.tasks.fitting.incremental import IncrementalPipeline, LearntParts
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.regression.adaptation import AdaptationSpec, LevelRule
from mlops_platform.tasks.regression.answering import row_answer
from mlops_platform.tasks.regression.answering.graph_answer import interval_graph
from mlops_platform.tasks.regression.columns import (
    BASELINE_LOSS_SCALE,
    CENTRE,
    EXPECTED_BASELINE_LOSS,
    EXPECTED_LOSS,
    FACTOR,
    HEADS,
    LEAST_REACH,
    LOSS,
    LOSS_SCALE,
    LOWER,
    OUTPUTS,
    PREDICTION,
    UPPER,
    WIDTH,
    by_output,
)
from mlops_platform.tasks.regression.costs import ErrorCosts, PredictionCosts
from mlops_platform.tasks.regression.details import details_of, tables_of
from mlops_platform.tasks.regression.expected_loss import expected_losses
from mlops_platform.tasks.regression.group_metrics import group_metrics_of
from mlops_platform.tasks.regression.heads import (
    dense,
    first_head,
    joined_heads,
    loss_estimator,
    quantile_estimator,
)
from mlops_platform.tasks.regression.interval import least_reach, reaches_of
from mlops_platform.tasks.regression.named_metrics import metrics_of
from mlops_platform.tasks.task import Answer, Refusal, Task
from mlops_platform.tasks.weights import fitted, fitted_on, mean_of, quantiles_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

MOST_OFF = 0.05
"""By which the coverage may miss its promise, at the gate and in a window."""


class IntervalTask(Task):
    """A number, with an interval that holds the outcome as often as is promised."""

    label_type: ClassVar[Literal["BOOLEAN", "DOUBLE"]] = "DOUBLE"
    loss_has_unit: ClassVar[bool] = True
    needs_dense_columns: ClassVar[bool] = True
    estimator_kind: ClassVar[str] = "regressor"
    predict_method: ClassVar[str] = "predict"

    coverage: Annotated[float, Field(ge=0.5, le=0.99)] = Field(
        default=0.9, description="Share of outcomes that the interval promises to hold."
    )
    costs: PredictionCosts = Field(
        default=ErrorCosts(), description="What errors cost, in a unit of your own."
    )
    adaptation: AdaptationSpec | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description="That intervals follow their own misses, day by day, without a release.",
    )

    @property
    def explained_scale(self) -> str:
        """The prediction."""
        return "explained_prediction"

    @property
    def group_metrics(self) -> Mapping[str, GroupMetric]:
        """Of predictions and intervals, and the loss."""
        return {**group_metrics_of(self.coverage), **super().group_metrics}

    @property
    def adaptation_rule(self) -> LevelRule | None:
        """Of the interval's factor, where the YAML wants it to follow."""
        if self.adaptation is None:
            return None
        return LevelRule(coverage=self.coverage, **self.adaptation.model_dump())

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """An interval must hold what it promises: no less, and no more by being wide."""
        most = min(self.coverage + MOST_OFF, 1.0)
        return {"coverage": Bounds(round(self.coverage - MOST_OFF, 10), round(most, 10))}

    def targets(self, column: Any) -> Targets:
        """Outcomes as float64."""
        import numpy as np

        return np.asarray(column, dtype=np.float64)

    def refusal(self, targets: Targets) -> Refusal | None:
        """Nothing to tell apart, or nothing to compute with."""
        import numpy as np

        if not len(targets):
            return Refusal("none with a label", "labels that differ")
        if not np.isfinite(targets).all():
            return Refusal("some with a label that is not finite", "finite labels")
        if targets.min() == targets.max():
            return Refusal(f"all with label {targets[0]:g}", "labels that differ")
        return None

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Mean, median and standard deviation."""
        mean = mean_of(targets, weights)
        return {
            "label_mean": mean,
            "label_median": float(quantiles_of(targets, [0.5], weights)[0]),
            "label_deviation": mean_of((targets - mean) ** 2, weights) ** 0.5,
        }

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The same in words."""
        return (
            f"label {facts['label_mean']:.4g} on average (median {facts['label_median']:.4g}, "
            f"standard deviation {facts['label_deviation']:.4g})"
        )

    def estimator_fault(self, estimator: Any) -> str | None:
        """A classifier predicts too, but no number."""
        from sklearn.base import is_regressor

        return super().estimator_fault(estimator if is_regressor(estimator) else None)

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Predictions, without intervals."""
        import numpy as np

        stated = fitted_on(estimator, rows).predict(features)
        return Predictions({PREDICTION: np.asarray(stated, dtype=np.float64)})

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit prediction and quantiles; losses and the interval's factor come of unseen rows."""
        baseline = self._baseline_of(train)
        units = self._units(train)
        pipeline, heads = self._learnt(pipeline, train, units)
        matrix = pipeline[:-1].transform(unseen.features)
        predicted = self._predicted_by(heads[0].predict(matrix), unseen, baseline, units)
        losses = self._losses_on(unseen, predicted, baseline)
        models, scales = self._fit_losses(pipeline[-1], matrix, losses, unseen.weights)
        model = self._joined(pipeline, [*heads, *models], train, baseline)
        said = self.numbers(model, unseen.features)
        constants = {**self._interval_constants(unseen, said, units), **units, **scales}
        return Finished(model, constants, baseline)

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Once all rows are seen, none tells how wrong they are: that is carried over (ADR 0003).

        Errors are those of the judged model on what it has not seen; they are learnt behind the
        preprocessing of the new one.
        """
        baseline = self._baseline_of(rows)
        units = self._units(rows, judged)
        pipeline, heads = self._learnt(pipeline, rows, units)
        said = self.numbers(judged.model, unseen.features)
        matrix = pipeline[:-1].transform(unseen.features)
        predicted = self._predicted_by(said[:, 0], unseen, judged.baseline, units)
        losses = self._losses_on(unseen, predicted, baseline)
        models, scales = self._fit_losses(pipeline[-1], matrix, losses, unseen.weights)
        constants = {**self._interval_constants(unseen, said, units), **units, **scales}
        model = self._joined(pipeline, [*heads, *models], rows, baseline)
        return Finished(model, constants, baseline)

    def _units(self, rows: Rows, judged: Finished | None = None) -> dict[str, float]:
        """Constants that say what the heads count in.

        Args:
            judged: counts as its refit shall.
        """
        return {}

    def _baseline_of(self, rows: Rows) -> dict[str, float]:
        """Constants of the baseline that knows these rows."""
        return self.baseline(rows.targets, rows.weights)

    def _predicted_by(
        self, head: Numbers, rows: Rows, baseline: Constants, units: Constants
    ) -> Numbers:
        """Predictions of rows, of what the first head says of them.

        Args:
            baseline: of the model whose head it is.
            units: what it counts in.
        """
        return head

    def _known_to_baseline(self, rows: Rows, baseline: Constants) -> Predictions | None:
        """What the baseline knows of rows before a model says it of them; None for nothing."""
        return None

    def _joined(self, pipeline: Any, heads: list[Any], rows: Rows, baseline: Constants) -> Any:
        """One model of fitted heads behind the fitted preprocessing of a pipeline.

        Args:
            rows: what both were fitted on.
        """
        return joined_heads(pipeline, heads)

    def _learnt(self, pipeline: Any, rows: Rows, units: Constants) -> tuple[Any, list[Any]]:
        """The fitted pipeline with its heads; of one that learns on, the quantiles stay.

        They say how wide intervals are relative to each other; how wide they are at all follows
        from unseen rows, whatever the quantiles are.
        """
        if not isinstance(pipeline, IncrementalPipeline):
            return pipeline, self._fit_heads(pipeline, rows, units)
        taught = fitted_on(pipeline, rows)
        return taught, [taught[-1], *pipeline.parts.beside]

    def _fit_heads(self, pipeline: Any, rows: Rows, units: Constants) -> list[Any]:
        """Prediction and both quantiles, behind the fitted preprocessing of the pipeline."""
        matrix = dense(pipeline[:-1].fit_transform(rows.features, rows.targets))
        tail = (1 - self.coverage) / 2
        estimators = [
            pipeline[-1],
            quantile_estimator(pipeline[-1], tail),
            quantile_estimator(pipeline[-1], 1 - tail),
        ]
        return [fitted(estimator, matrix, rows.targets, rows.weights) for estimator in estimators]

    def _fit_losses(
        self,
        estimator: Any,
        matrix: Any,
        losses: tuple[Numbers, Numbers],
        weights: Numbers | None,
    ) -> tuple[list[Any], dict[str, float]]:
        """Models of both losses over their means, and these: trees split by absolute gains."""
        scales = [mean_of(each, weights) or 1.0 for each in losses]
        models = [
            loss_estimator(estimator, matrix, each / scale, weights)
            for each, scale in zip(losses, scales, strict=True)
        ]
        return models, dict(zip((LOSS_SCALE, BASELINE_LOSS_SCALE), scales, strict=True))

    def _losses_on(
        self, rows: Rows, predicted: Numbers, baseline: Constants
    ) -> tuple[Numbers, Numbers]:
        own = self.row_losses(rows.targets, Predictions({PREDICTION: predicted}))
        known = self._known_to_baseline(rows, baseline)
        return own, self.baseline_losses(rows.targets, baseline, known)

    def _interval_constants(
        self, rows: Rows, numbers: Numbers, units: Constants
    ) -> dict[str, float]:
        """What unseen rows tell of the interval.

        Args:
            numbers: what a model says of them, shape (rows, heads).
        """
        predicted, lower, upper, *_ = numbers.T
        least = least_reach(lower, upper, rows.weights)
        scores = reaches_of(predicted, lower, upper, least).scores(rows.targets)
        factor = conformal_quantile(scores, self.coverage, rows.weights)
        return {FACTOR: factor, LEAST_REACH: least}

    def numbers(self, model: Any, features: Any) -> Numbers:
        """What the heads say, shape (rows, heads)."""
        import numpy as np

        return np.asarray(model.predict(features), dtype=np.float64)

    def shown(self, answer: Answer) -> Mapping[str, Any]:
        """The outputs, and what the interval promises."""
        return shown_with_coverage(answer, {COVERAGE: self.coverage})

    def shown_fields(self) -> Mapping[str, tuple[Any, str]]:
        """Types of these."""
        promised = "Share of outcomes that such intervals promise to hold."
        return {**super().shown_fields(), COVERAGE: (float, promised)}

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of errors."""
        return self.costs.of_rows(targets, predictions)

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance:
        """Direct loss estimation: by the models of the losses, and then by what is known.

        Known rows of like width tell the loss better than its model does, and those of like
        expectation the baseline's (`benchmarks/results/intervals.md`).
        """
        own, of_baseline = predictions[EXPECTED_LOSS], predictions[EXPECTED_BASELINE_LOSS]
        if known is not None:
            targets, stated = known
            own = expected_losses(
                predictions[WIDTH],
                stated[WIDTH],
                self.row_losses(targets, stated),
                stated.weights,
            )
            of_baseline = expected_losses(
                of_baseline,
                stated[EXPECTED_BASELINE_LOSS],
                self.baseline_losses(targets, baseline, stated),
                stated.weights,
            )
        return EstimatedPerformance(
            loss=predictions.mean_of(own), baseline_loss=predictions.mean_of(of_baseline)
        )

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers]:
        """What the models of the losses say."""
        own, of_baseline = predictions[EXPECTED_LOSS], predictions[EXPECTED_BASELINE_LOSS]
        return own, of_baseline

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """The signal itself."""
        return self.targets(signal)


class Regression(IntervalTask):
    """A number of which nothing is known but the features of its row."""

    answers_of_model: ClassVar[tuple[str, int]] = ("numbers", len(HEADS))
    learns_on: ClassVar[bool] = True

    type: Literal["regression"] = Field(
        default="regression", description="Kind of outcome: a number."
    )
    loss: Literal["absolute_error", "squared_error"] = Field(
        default="absolute_error", description="What candidates and champions are compared by."
    )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Prediction, interval and expected losses."""
        return OUTPUTS

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Of predictions and intervals."""
        return self.with_d2(metrics_of(self.costs, self.coverage))

    @property
    def baseline_name(self) -> str:
        """The constant that has the least loss."""
        return "median" if self.loss == "absolute_error" else "mean"

    def learnt_parts(self, model: Any) -> LearntParts:
        """The prediction learns on; both quantiles stay beside it."""
        return first_head(model)

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """The interval reaches from the prediction to both quantiles, times the factor."""
        predicted, lower, upper, loss, baseline_loss = numbers.T
        reaches = reaches_of(predicted, lower, upper, constants[LEAST_REACH])
        losses = loss * constants[LOSS_SCALE], baseline_loss * constants[BASELINE_LOSS_SCALE]
        return Predictions(by_output(predicted, reaches.intervals(constants[FACTOR]), losses))

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        return row_answer.answer(numbers, constants, {})

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        options = {COVERAGE: self.coverage}
        return RowAnswer(row_answer.usable, row_answer.answer, shown_with_coverage, options)

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """As for one row."""
        factor = graph.constant(constants[FACTOR])
        return interval_graph(graph, numbers, factor, constants)

    def usable(self, numbers: Sequence[float]) -> bool:
        """Finite, and no negative loss is expected."""
        return row_answer.usable(numbers, {})

    def constants_text(self, constants: Constants) -> str:
        """The promise and the factor."""
        return (
            f"The interval promises to hold {self.coverage:.0%} of outcomes: it reaches from the "
            f"prediction {constants[FACTOR]:.3f} times as far as the quantile models say, by what "
            "rows showed that they had not seen."
        )

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """The best constant, the middle outcomes as its interval, and its usual loss."""
        tail = (1 - self.coverage) / 2
        lower, median, upper = quantiles_of(targets, [tail, 0.5, 1 - tail], weights).tolist()
        centre = median if self.loss == "absolute_error" else mean_of(targets, weights)
        baseline = {CENTRE: centre, LOWER: lower, UPPER: upper, LOSS: 0.0}
        return {**baseline, LOSS: mean_of(self.baseline_losses(targets, baseline), weights)}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """Always the same."""
        import numpy as np

        ends, loss = (baseline[LOWER], baseline[UPPER]), baseline[LOSS]
        values = by_output(baseline[CENTRE], ends, (loss, loss))
        said = Predictions({name: np.full(rows, value) for name, value in values.items()})
        return said.weighted_like(stated)

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Outcomes and coverage by prediction, and errors."""
        return details_of(targets, predictions, self.coverage).model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Outcomes by prediction."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Outcomes by prediction, errors, coverage."""
        from mlops_platform.tasks.regression.figures import figures_of

        return figures_of(metrics, details)
