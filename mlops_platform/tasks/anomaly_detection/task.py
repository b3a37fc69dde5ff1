"""AnomalyDetection: the section `task` of a model that says which rows are unusual."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from mlops_platform.tasks.anomaly_detection.budget import BudgetSpec, threshold_of
from mlops_platform.tasks.anomaly_detection.columns import (
    ALERT_SHARE,
    CENTRE,
    CONTRAST,
    DECISION,
    OUTPUTS,
    P_VALUE,
    SCORE,
    SPREAD,
    STABILITY,
    THRESHOLD,
)
from mlops_platform.tasks.anomaly_detection.costs import AlertCosts, DecisionCosts
from mlops_platform.tasks.anomaly_detection.details import details_of, tables_of
from mlops_platform.tasks.anomaly_detection.fittable import require_fittable
from mlops_platform.tasks.anomaly_detection.grids import (
    decoy_constants,
    decoy_share,
    decoy_shares,
    p_value,
    p_values,
    tail_constants,
)
from mlops_platform.tasks.anomaly_detection.group_metrics import GROUP_METRICS
from mlops_platform.tasks.anomaly_detection.metrics import defined_on, metrics_of
from mlops_platform.tasks.anomaly_detection.scores import (
    MOST_ROWS,
    fit_normal,
    in_unit,
    normal_rows,
    raw_scores,
    stability_of,
    unit_of,
)
from mlops_platform.tasks.anomaly_detection.single_column import best_single_column
from mlops_platform.tasks.anomaly_detection.version_metrics import VERSION_METRICS
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.missing_labels import nan_where_missing
from mlops_platform.tasks.fitting.row_samples import shuffled_columns, thinned
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric, VersionMetric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.task import Answer, Refusal, Task

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

GUESSING: Final = 0.5
"""Contrast of a model that tells no row from a decoy."""
GOLDEN: Final = 0.6180339887498949
"""Multiples of it, without their whole part, fill the unit interval evenly in whatever order."""
OFTEN: Final = 2.0
"""A window with so many times the alerts of the test is told."""


class AnomalyDetection(Task):
    """A score of how unusual a row is, and alerts within a budget; labels may be few, or late."""

    label_type: ClassVar[Literal["BOOLEAN"]] = "BOOLEAN"
    loss_has_unit: ClassVar[bool] = True
    needs_dense_columns: ClassVar[bool] = True
    estimator_kind: ClassVar[str] = "detector"
    predict_method: ClassVar[str] = "score_samples"
    answers_of_model: ClassVar[tuple[str, int]] = ("usualness", 1)
    explained_scale: ClassVar[str] = "explained_score"

    type: Literal["anomaly_detection"] = Field(
        default="anomaly_detection", description="Kind of outcome: whether a row is an anomaly."
    )
    loss: Literal["alert_cost", "contrast"] = Field(
        default="alert_cost",
        description=(
            "What candidates and champions are compared by: the cost of alerts where labels come, "
            "else how well rows are told from decoys, which needs no label."
        ),
    )
    budget: BudgetSpec = Field(
        description="How many alerts people can look at; the threshold follows from it.",
        examples=[{"alerts": 20}],
    )
    costs: DecisionCosts = Field(
        default=AlertCosts(), description="What missed anomalies and false alerts cost."
    )
    episode_gap_hours: Annotated[float, Field(gt=0)] = Field(
        default=24.0,
        description="Anomalies that are no farther apart are one episode, which is detected once.",
    )

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Score, decision, p-value and contrast."""
        return OUTPUTS

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Of alerts and scores."""
        return metrics_of(self.costs, self.episode_gap_hours)

    @property
    def group_metrics(self) -> Mapping[str, GroupMetric]:
        """Of alerts, and the loss."""
        return {**GROUP_METRICS, **super().group_metrics}

    @property
    def baseline_name(self) -> str:
        """As many alerts at random."""
        return "random alerts"

    @property
    def version_metrics(self) -> Mapping[str, VersionMetric]:
        """Of scores and alerts."""
        return VERSION_METRICS

    @property
    def has_rivals(self) -> bool:
        """The best single column, where labels tell which it is."""
        return not self.judges_unlabelled

    def rivals(self, train: Rows, test: Rows, stated: Predictions) -> Mapping[str, Predictions]:
        """The best single column."""
        found = best_single_column(train, test, stated) if self.has_rivals else None
        return {} if found is None else {f"{found[0]} alone": found[1]}

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """None: what many alerts are follows from the rows of a window."""
        return {}

    @property
    def counted_by_window(self) -> str | None:
        """The budget, where it is a number."""
        return None if self.budget.alerts is None else "budget.alerts"

    @property
    def fits_unlabelled(self) -> bool:
        """What is usual is learnt of all rows but known anomalies."""
        return True

    @property
    def judges_unlabelled(self) -> bool:
        """By decoys."""
        return self.loss == "contrast"

    def targets(self, column: Any) -> Targets:
        """1 for an anomaly, 0 for a normal row, NaN where nobody knows."""
        return nan_where_missing(column)

    def refusal(self, targets: Targets) -> Refusal | None:
        """Nothing to judge alerts by."""
        if not len(targets):
            return Refusal("none that could be judged", "rows")
        if self.judges_unlabelled:
            return None
        needed = "an anomaly and a normal row with a label"
        known = targets[targets == targets]
        if not len(known):
            return Refusal("all without a label", needed)
        if known.min() == known.max():
            what = "anomalies" if known[0] else "normal"
            return Refusal(f"all {what} as far as they have a label", needed)
        return None

    def fit_refusal(self, targets: Targets) -> Refusal | None:
        """No row of which anything usual could be learnt."""
        if (targets != 1).any():
            return None
        return Refusal("all known anomalies" if len(targets) else "none at all", "normal rows")

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """How many rows have a label, and how many of these are anomalies."""
        import numpy as np

        known = targets == targets
        counts = np.ones(len(targets)) if weights is None else weights
        labelled, anomalies = counts[known].sum(), counts[targets == 1].sum()
        facts = {"labelled_share": float(labelled / counts.sum())}
        return {**facts, "anomaly_rate": float(anomalies / labelled)} if labelled else facts

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The same in percent."""
        if "anomaly_rate" not in facts:
            return "no label known"
        share, rate = 100 * facts["labelled_share"], 100 * facts["anomaly_rate"]
        return f"{rate:.2f} % anomalies" + (
            f" of the {share:.1f} % labelled" if share < 100 else ""
        )

    def events(self, targets: Targets) -> dict[str, int]:
        """Of both kinds, where labels judge."""
        if self.judges_unlabelled:
            return {"rows": len(targets)}
        return {
            "anomalies": int((targets == 1).sum()),
            "normal rows": int((targets == 0).sum()),
        }

    def fitted_events(self, targets: Targets) -> dict[str, int]:
        """Rows that may be usual: known anomalies teach nothing."""
        return {"rows": int((targets != 1).sum())}

    def estimator_fault(self, estimator: Any) -> str | None:
        """One that says no score of a new row, or whose share of outliers would decide nothing."""
        if "novelty" in _params(estimator) and not hasattr(estimator, self.predict_method):
            return (
                "It has `score_samples` for rows that it was not fitted on with `novelty: true` "
                "only: write it under `params`."
            )
        fault = super().estimator_fault(estimator)
        if fault is not None:
            return fault
        contamination = _params(estimator).get("contamination")
        if contamination == _params(type(estimator)()).get("contamination"):
            return None
        return (
            f"`contamination: {contamination}` decides nothing: how many rows are alerts follows "
            "from `task.budget`. Leave it out."
        )

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Scores, with the budget's share of the rows that are asked about as alerts."""
        import numpy as np

        model = fit_normal(estimator, rows)
        scores = -raw_scores(model, features)
        alerts = max(int(self.budget.share_of(rows) * len(scores)), 1)
        threshold = np.partition(scores, -alerts)[-alerts]
        decoys = -raw_scores(model, shuffled_columns(thinned(rows, MOST_ROWS)))
        contrasts = decoy_shares(scores, decoy_constants(decoys))
        return Predictions({SCORE: scores, DECISION: scores >= threshold, CONTRAST: contrasts})

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit on what is usual; threshold, p-values and decoys come of unseen rows."""
        from sklearn.base import clone

        require_fittable(train)
        unfitted = clone(pipeline)
        model = fit_normal(pipeline, train)
        unit = unit_of(model, normal_rows(train))
        some = thinned(unseen, MOST_ROWS)
        stability = stability_of(unfitted, train, some, -raw_scores(model, some.features))
        constants = {**self._constants_of(model, unit, unseen), STABILITY: stability}
        return Finished(model, constants, {ALERT_SHARE: constants[ALERT_SHARE]})

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """What is set by unseen rows is set by the judged model's scores of these (ADR 0003).

        In the unit of each model's own rows both mean the same.
        """
        require_fittable(rows)
        judged_unit = {name: judged.constants[name] for name in (CENTRE, SPREAD)}
        model = fit_normal(pipeline, rows)
        constants = {
            **self._constants_of(judged.model, judged_unit, unseen),
            **unit_of(model, normal_rows(rows)),
            STABILITY: judged.constants[STABILITY],
        }
        return Finished(model, constants, {ALERT_SHARE: constants[ALERT_SHARE]})

    def _constants_of(self, model: Any, unit: Constants, unseen: Rows) -> dict[str, float]:
        """What rows tell that a model has not seen.

        Args:
            unit: of the model's scores.
        """
        share = self.budget.share_of(unseen)
        scores = in_unit(raw_scores(model, unseen.features), unit)
        is_normal = unseen.targets != 1
        weights = None if unseen.weights is None else unseen.weights[is_normal]
        decoys = in_unit(raw_scores(model, shuffled_columns(thinned(unseen, MOST_ROWS))), unit)
        return {
            **unit,
            THRESHOLD: threshold_of(scores, share, unseen.weights),
            ALERT_SHARE: share,
            **tail_constants(scores[is_normal], weights),
            **decoy_constants(decoys),
        }

    def numbers(self, model: Any, features: Any) -> Numbers:
        """What the estimator says, greater is more usual, shape (rows, 1)."""
        return raw_scores(model, features)[:, None]

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """Scores in the unit of the fitted rows, and what they mean."""
        scores = in_unit(numbers[:, 0], constants)
        return Predictions(
            {
                SCORE: scores,
                DECISION: scores >= constants[THRESHOLD],
                P_VALUE: p_values(scores, constants),
                CONTRAST: decoy_shares(scores, constants),
            }
        )

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        score = in_unit(numbers[0], constants)
        return {
            SCORE: score,
            DECISION: score >= constants[THRESHOLD],
            P_VALUE: p_value(score, constants),
            CONTRAST: decoy_share(score, constants),
        }

    def usable(self, numbers: Sequence[float]) -> bool:
        """A number."""
        from math import isfinite

        return isfinite(numbers[0])

    def constants_text(self, constants: Constants) -> str:
        """Budget, threshold and stability."""
        budget = self.budget
        allowed = (
            f"{budget.alerts:g} alerts a window"
            if budget.alerts is not None
            else "a fixed share of rows"
        )
        return (
            f"An alert is raised from a score of {constants[THRESHOLD]:.3f} on, which of unseen "
            f"rows {constants[ALERT_SHARE]:.2%} exceed: the budget is {allowed}. Models of "
            "resampled rows put rows in much the same order (rank correlation "
            f"{constants[STABILITY]:.3f})."
        )

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """As many alerts as there are anomalies: of a model's own alerts it is told elsewhere."""
        return {ALERT_SHARE: self.facts(targets, weights).get("anomaly_rate", 0.0)}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """As many alerts as the model raises, evenly spread over rows in any order."""
        import numpy as np

        if stated is None or not rows or DECISION not in stated.columns:
            share = baseline[ALERT_SHARE]
        else:
            share = stated.mean_of(stated[DECISION])
        drawn = (np.arange(1, rows + 1) * GOLDEN) % 1.0
        said = Predictions(
            {
                SCORE: 1 - drawn,
                DECISION: drawn < share,
                P_VALUE: drawn,
                CONTRAST: np.full(rows, GUESSING),
            }
        )
        return said.weighted_like(stated)

    def measure(self, targets: Targets, predictions: Predictions) -> dict[str, float]:
        """Those of labels where some are known."""
        own = self.own_metrics
        return {
            name: metric.compute(targets, predictions)
            for name, metric in self.all_metrics.items()
            if metric.defined_for_any_targets
            or name not in own
            or defined_on(name, targets, predictions)
        }

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of missed anomalies and false alerts; 0 where nobody knows what the row was."""
        import numpy as np

        return np.nan_to_num(self.costs.of_rows(targets, predictions))

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Alerts, p-values and episodes."""
        details = details_of(targets, predictions, constants, self.episode_gap_hours)
        return details.model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Alerts and episodes."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """p-values, and precision by recall."""
        from mlops_platform.tasks.anomaly_detection.figures import figures_of

        return figures_of(details)

    def notes(self, tested: Predictions, stated: Predictions) -> tuple[str, ...]:
        """That a window has far more alerts than the test had."""
        if not len(stated) or not len(tested) or DECISION not in tested.columns:
            return ()
        now, then = stated.mean_of(stated[DECISION]), tested.mean_of(tested[DECISION])
        if now <= OFTEN * then:
            return ()
        return (
            f"{int(stated[DECISION].sum()):,} of {len(stated):,} rows are alerts ({now:.1%}, in "
            f"the test {then:.1%}): more than people can look at.",
        )

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance | None:
        """Of the contrast, which needs no label; scores tell nothing of what alerts come to."""
        if not self.judges_unlabelled:
            return None
        return EstimatedPerformance(
            loss=predictions.mean_of(predictions[CONTRAST]), baseline_loss=GUESSING
        )

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers] | None:
        """Likewise."""
        import numpy as np

        if not self.judges_unlabelled:
            return None
        return predictions[CONTRAST], np.full(len(predictions), GUESSING)

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Both ends of the signal."""
        import numpy as np

        distances = np.abs(signal - np.median(signal))
        targets: Targets = (distances > np.quantile(distances, 0.85)).astype(np.float64)
        return targets


def _params(estimator: Any) -> Mapping[str, Any]:
    named: Mapping[str, Any] = (
        estimator.get_params(deep=False) if hasattr(estimator, "get_params") else {}
    )
    return named
