"""BinaryClassification: the section `task` of a model that tells a true label from a false one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import RowAnswer, shown_as_it_is
from mlops_platform.tasks.binary_classification.answering import row_answer
from mlops_platform.tasks.binary_classification.calibration import (
    CalibrationMethod,
    calibrated,
    positive_scores,
)
from mlops_platform.tasks.binary_classification.columns import (
    BASE_RATE,
    DECISION,
    OUTPUTS,
    PROBABILITY,
    SCORE,
    THRESHOLD,
)
from mlops_platform.tasks.binary_classification.costs import Costs, DecisionCosts
from mlops_platform.tasks.binary_classification.details import details_of, tables_of
from mlops_platform.tasks.binary_classification.estimate import (
    expected_losses,
    expected_performance,
    recalibrated,
)
from mlops_platform.tasks.binary_classification.group_metrics import GROUP_METRICS
from mlops_platform.tasks.binary_classification.metrics import metrics_of
from mlops_platform.tasks.binary_classification.targeting import Targeting
from mlops_platform.tasks.binary_classification.threshold import choose_threshold
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.calibrators import carried_over, pipeline_below
from mlops_platform.tasks.fitting.incremental import LearntParts
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.task import Answer, Refusal, Task
from mlops_platform.tasks.weights import fitted_on, mean_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets


class BinaryClassification(Task):
    """A calibrated probability, and a decision at the threshold that costs least."""

    label_type: ClassVar[Literal["BOOLEAN", "DOUBLE"]] = "BOOLEAN"
    has_classes: ClassVar[bool] = True
    loss_has_unit: ClassVar[bool] = False
    needs_dense_columns: ClassVar[bool] = False
    estimator_kind: ClassVar[str] = "classifier"
    predict_method: ClassVar[str] = "predict_proba"
    answers_of_model: ClassVar[tuple[str, int]] = ("probabilities", 2)
    explained_scale: ClassVar[str] = "log_odds"
    learns_on: ClassVar[bool] = True

    type: Literal["binary_classification"] = Field(
        default="binary_classification", description="Kind of outcome: true or false."
    )
    loss: Literal["log_loss", "brier_score"] = Field(
        default="log_loss", description="What candidates and champions are compared by."
    )
    calibration: CalibrationMethod = Field(
        default="sigmoid",
        description=(
            "Fitted on the validation days. `temperature` only makes scores bolder or more "
            "careful: right for what was fitted by log loss. `sigmoid` also moves the rate of "
            "positives, to that of these days; `isotonic` draws any rising curve and needs many "
            "rows."
        ),
    )
    calibration_bins: Annotated[int, Field(ge=2, le=100)] = Field(
        default=10, description="Bins of equal numbers of rows for the calibration error."
    )
    costs: DecisionCosts = Field(
        default=Costs(), description="What wrong decisions cost; the threshold follows from them."
    )

    targeting: Targeting | None = Field(
        default=None,
        description=(
            "How many rows can be acted on: lift, gain and profit of those with the highest "
            "probabilities are measured."
        ),
    )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Score and decision."""
        return OUTPUTS

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Of probabilities and decisions, and of who is acted on first."""
        of_targets = {} if self.targeting is None else self.targeting.metrics
        metrics = metrics_of(self.costs, self.calibration_bins)
        return {**self.with_d2(metrics), **of_targets}

    @property
    def group_metrics(self) -> Mapping[str, GroupMetric]:
        """Of decisions and probabilities, and the loss."""
        return {**GROUP_METRICS, **super().group_metrics}

    @property
    def baseline_name(self) -> str:
        """The share of positives."""
        return "base rate"

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """A probability must mean what it says."""
        return {"expected_calibration_error": Bounds(max=0.1)}

    def targets(self, column: Any) -> Targets:
        """Labels as 0 and 1."""
        import numpy as np

        return np.asarray(column, dtype=np.int64)

    def refusal(self, targets: Targets) -> Refusal | None:
        """One class only."""
        if not len(targets):
            return Refusal("none with a label", "both classes")
        if targets.min() != targets.max():
            return None
        return Refusal(f"all with label {bool(targets[0])}", "both classes")

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Share of positives."""
        return {"positive_rate": mean_of(targets, weights)}

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """Share of positives in percent."""
        return f"{100 * facts['positive_rate']:.1f} % positive"

    def events(self, targets: Targets) -> dict[str, int]:
        """Of both classes: what is known of the rarer one says how much is known."""
        positives = int(targets.sum())
        return {"positives": positives, "negatives": len(targets) - positives}

    def resampling_fault(self) -> str | None:
        """A temperature moves no rate, and that of resampled rows is not the true one."""
        if self.calibration != "temperature":
            return None
        return (
            "The rate of positives is another one among resampled rows, and `calibration: "
            "temperature` does not move it back: write `sigmoid` or `isotonic` there."
        )

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Probabilities, without decisions."""
        return Predictions({SCORE: positive_scores(fitted_on(estimator, rows), features)})

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit, calibrate on unseen rows and choose the threshold there."""
        model = calibrated(fitted_on(pipeline, train), unseen, self.calibration)
        scores = positive_scores(model, unseen.features)
        threshold = choose_threshold(unseen.targets, scores, self.costs, unseen.weights)
        baseline = self.baseline(train.targets, train.weights)
        return Finished(model, {THRESHOLD: threshold}, baseline)

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """The threshold is the judged one: both models are calibrated, so it means the same."""
        model = calibrated(pipeline_below(judged.model), unseen, self.calibration)
        refitted = carried_over(model, fitted_on(pipeline, rows))
        return Finished(refitted, judged.constants, self.baseline(rows.targets, rows.weights))

    def learnt_parts(self, model: Any) -> LearntParts:
        """What is below the calibrator."""
        return LearntParts(pipeline_below(model))

    def numbers(self, model: Any, features: Any) -> Numbers:
        """Calibrated probabilities of the positive class, shape (rows, 1)."""
        return positive_scores(model, features)[:, None]

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """Positive is decided where the probability is at least the threshold."""
        scores = numbers[:, 0]
        return Predictions({SCORE: scores, DECISION: scores >= constants[THRESHOLD]})

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """Probability and decision."""
        return row_answer.answer(numbers, constants, {})

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        return RowAnswer(row_answer.usable, row_answer.answer, shown_as_it_is, {})

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """Probability and decision."""
        [score] = numbers
        decision = graph.apply("GreaterOrEqual", score, graph.constant(constants[THRESHOLD]))
        return {PROBABILITY: score, DECISION: decision}

    def usable(self, numbers: Sequence[float]) -> bool:
        """A probability."""
        return row_answer.usable(numbers, {})

    def constants_text(self, constants: Constants) -> str:
        """The threshold and the costs behind it."""
        positive = f"Positive is decided at a probability of at least {constants[THRESHOLD]:.4f}"
        if isinstance(self.costs, Costs):
            wrong = f"a false positive costs {self.costs.false_positive} and a false negative "
            return f"{positive}, where {wrong}{self.costs.false_negative}."
        return f"{positive}, by the costs of `{self.costs.function}`."

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Share of positives."""
        return {BASE_RATE: mean_of(targets, weights)}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """Always the base rate; decided where there is a threshold."""
        import numpy as np

        said = self.predictions(
            np.full((rows, 1), baseline[BASE_RATE]), {THRESHOLD: 0.5, **constants}
        )
        return said.weighted_like(stated)

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of wrong decisions."""
        return self.costs.of_rows(targets, predictions)

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Threshold, confusion, calibration, curves, and who is acted on first."""
        bins, targeting = self.calibration_bins, self.targeting
        details = details_of(targets, predictions, constants, bins, targeting)
        return details.model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Confusion matrix, calibration, and who is acted on first."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Calibration, ROC and precision-recall curves, confusion matrix, gain and profit."""
        from mlops_platform.tasks.binary_classification.figures import figures_of

        return figures_of(metrics, details)

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance:
        """Scores are calibrated on the known rows, where there are any."""
        scores = predictions[SCORE]
        probabilities = scores
        if known is not None:
            labels, stated = known
            probabilities = recalibrated(
                scores, stated[SCORE], labels.astype(float), stated.weights
            )
        return expected_performance(predictions, probabilities, baseline, self.loss)

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers]:
        """Taking the scores for true."""
        scores = predictions[SCORE]
        return expected_losses(scores, scores, baseline[BASE_RATE], self.loss)

    def faults(self) -> list[SpecError]:
        """Also of who can be acted on."""
        return [*super().faults(), *(self.targeting.faults() if self.targeting else ())]

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Above the median."""
        import numpy as np

        return (signal > np.median(signal)).astype(np.int64)
