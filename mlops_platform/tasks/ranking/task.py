"""Ranking: the section `task` of a model that orders the rows of a group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mlops_platform.column_kind import KindName
from mlops_platform.errors import SpecError
from mlops_platform.record import left_out_where_empty
from mlops_platform.section import Identifier
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import RowAnswer, shown_as_it_is
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.passed_columns import with_passed_columns
from mlops_platform.tasks.forecasting.seasonal_naive import number_column
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.ranking.answering import row_answer
from mlops_platform.tasks.ranking.columns import (
    FIELDS,
    GROUP,
    LOOKED_AT,
    NUMBERS,
    OUTPUTS,
    PASSED,
    RANK,
    RELEVANCE,
    RULE,
    SCORE,
)
from mlops_platform.tasks.ranking.details import details_of, tables_of
from mlops_platform.tasks.ranking.fittable import require_groups, require_order
from mlops_platform.tasks.ranking.group_figures import figures_of_groups, ranks_of
from mlops_platform.tasks.ranking.metrics import metrics_of
from mlops_platform.tasks.ranking.rules import declared_rule, popularity
from mlops_platform.tasks.task import Answer, Refusal, Task
from mlops_platform.tasks.weights import fitted, fitted_on, mean_of

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

ROWS_OF_A_GROUP = 4
"""Of synthetic rows."""


class Ranking(Task):
    """The order of the rows of a group: a customer, a day, a query."""

    loss_has_unit: ClassVar[bool] = False
    needs_dense_columns: ClassVar[bool] = True
    estimator_kind: ClassVar[str] = "regressor"
    predict_method: ClassVar[str] = "predict"
    answers_of_model: ClassVar[tuple[str, int]] = ("numbers", len(NUMBERS))
    explained_scale: ClassVar[str] = "explained_score"

    type: Literal["ranking"] = Field(
        default="ranking", description="Kind of outcome: how relevant a row of a group is."
    )
    loss: Literal["ndcg_loss"] = Field(
        default="ndcg_loss",
        description="What candidates and champions are compared by: 1 minus the NDCG at `k`.",
    )
    relevance: Literal["boolean", "number"] = Field(
        default="boolean",
        description="What the label is: whether a row is relevant, or how much, from 0 on.",
    )
    group: Identifier = Field(
        description=(
            "Numeric feature, never NULL, with a whole number that stands for the group in which a "
            "row is ranked. No estimator learns from it."
        ),
        examples=["customer_key"],
    )
    k: Annotated[int, Field(ge=1)] = Field(
        description="How many rows of a group somebody looks at: metrics are of the first ones."
    )
    rule: Identifier | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description=(
            "Numeric feature by which rows are ordered today, the highest first: what a model has "
            "to beat. A row where it is NULL comes last."
        ),
    )
    item: Identifier | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description=(
            "Categorical feature that names what is ranked, where there is no rule: a model then "
            "has to beat how relevant each item was on average."
        ),
    )

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if (self.rule is None) == (self.item is None):
            raise ValueError(
                "say what a model has to beat: the `rule` by which rows are ordered today, or the "
                "`item` whose popularity orders them; one of the two"
            )
        return self

    @property
    def label_type(self) -> Literal["BOOLEAN", "DOUBLE"]:
        """By the option `relevance`."""
        return "BOOLEAN" if self.relevance == "boolean" else "DOUBLE"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Score, that of the rule, and the group."""
        return OUTPUTS

    @property
    def feature_columns(self) -> Mapping[str, tuple[str, KindName]]:
        """Group, and the rule or the item."""
        named: dict[str, tuple[str, KindName]] = {"group": (self.group, "numeric")}
        if self.rule is not None:
            named["rule"] = self.rule, "numeric"
        if self.item is not None:
            named["item"] = self.item, "categorical"
        return named

    @property
    def never_missing(self) -> tuple[str, ...]:
        """The group."""
        return ("group",)

    @property
    def group_column(self) -> str:
        """That of the group."""
        return self.group

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Means over groups."""
        return metrics_of(self.k)

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """None: how many of the first rows can be relevant follows from the rows of a group."""
        return {}

    @property
    def loss_name(self) -> str:
        """With its `k`."""
        return f"ranking loss at {self.k}"

    @property
    def ranked_by(self) -> tuple[str, str]:
        """The group, and the score."""
        return GROUP, SCORE

    @property
    def baseline_name(self) -> str:
        """The rule."""
        return f"rule {self.rule}" if self.rule is not None else f"popularity of {self.item}"

    # Targets

    def targets(self, column: Any) -> Targets:
        """Relevances as float64."""
        import numpy as np

        return np.asarray(column, dtype=np.float64)

    def labels_fault(self, column: Any) -> str | None:
        """One that is negative or not finite: gains are the relevances themselves."""
        import numpy as np

        targets = self.targets(column)
        wrong = targets[~np.isfinite(targets) | (targets < 0)]
        if not len(wrong):
            return None
        return (
            f"{len(wrong):,} relevances are negative or not finite, such as {wrong[0]:g}. Publish "
            "how relevant a row is from 0 on, or NULL where nobody knows."
        )

    def refusal(self, targets: Targets) -> Refusal | None:
        """Nothing to put into an order."""
        needed = "rows of different relevance"
        if not len(targets):
            return Refusal("none with a label", needed)
        if targets.min() == targets.max():
            return Refusal(f"all of relevance {targets[0]:g}", needed)
        return None

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """How many rows are relevant, and how much on average."""
        facts = {"relevant_share": mean_of((targets > 0).astype(float), weights)}
        if self.relevance == "boolean":
            return facts
        return {**facts, "mean_relevance": mean_of(targets, weights)}

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The same in words."""
        text = f"{100 * facts['relevant_share']:.2f} % relevant"
        if "mean_relevance" not in facts:
            return text
        return f"{text}, relevance {facts['mean_relevance']:.4g} on average"

    def events(self, targets: Targets) -> dict[str, int]:
        """Relevant rows; of others there are enough wherever groups have some."""
        return {"relevant rows": int((targets > 0).sum())}

    # A fitted model

    def estimator_fault(self, estimator: Any) -> str | None:
        """A classifier predicts too, but no number that orders rows."""
        from sklearn.base import is_regressor

        return super().estimator_fault(estimator if is_regressor(estimator) else None)

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Scores, in their groups where these are among the features."""
        import numpy as np

        stated = fitted_on(estimator, rows).predict(features)
        said = Predictions({SCORE: np.asarray(stated, dtype=np.float64)})
        return self.beside(said, features) if hasattr(features, "columns") else said

    def beside(self, predictions: Predictions, features: Any) -> Predictions:
        """The groups."""
        groups = number_column(features, self.group)
        return Predictions({**predictions.columns, GROUP: groups}).weighted_like(predictions)

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Learn the relevance of single rows; nothing is chosen by errors."""
        return self._finished(pipeline, train)

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Likewise, of all rows."""
        return self._finished(pipeline, rows)

    def _finished(self, pipeline: Any, rows: Rows) -> Finished:
        frame = rows.features
        groups = number_column(frame, self.group)
        require_groups(self.group, groups)
        require_order(self.group, groups, rows.targets)
        matrix = pipeline[:-1].fit_transform(frame, rows.targets)
        head = fitted(pipeline[-1], matrix, rows.targets, rows.weights)
        if self.rule is not None:
            rule = ("rule", declared_rule(rows, self.rule), [self.rule])
        else:
            assert self.item is not None
            rule = ("rule", popularity(rows, self.item), [self.item])
        passed = [rule, ("group", "passthrough", [self.group])]
        model = with_passed_columns(pipeline[:-1], [head], passed, frame)
        return Finished(
            model, {LOOKED_AT: float(self.k)}, self.baseline(rows.targets, rows.weights)
        )

    def numbers(self, model: Any, features: Any) -> Numbers:
        """Score, that of the rule, and group, shape (rows, numbers)."""
        import numpy as np

        return np.asarray(model.predict(features), dtype=np.float64)

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """The numbers are the outputs: an order follows wherever the rows of a group are there."""
        return Predictions({name: numbers[:, at].copy() for at, name in enumerate(NUMBERS)})

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        return row_answer.answer(numbers, constants, {})

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        return RowAnswer(row_answer.usable, row_answer.answer, shown_as_it_is, {})

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """As for one row."""
        return dict(zip(FIELDS, numbers, strict=True))

    def together_fields(self) -> Mapping[str, tuple[Any, str]]:
        """The rank."""
        return {
            RANK: (
                int,
                "Rank of the row among those of its group in this request, from 1 on; rows of the "
                "same score share one.",
            )
        }

    def together(self, answers: Sequence[Answer]) -> Sequence[Mapping[str, Any]]:
        """The rank of each within its group."""
        score, _, group = FIELDS
        groups, scores = ([float(answer[name]) for answer in answers] for name in (group, score))
        return [{RANK: rank} for rank in ranks_of(groups, scores)]

    def usable(self, numbers: Sequence[float]) -> bool:
        """Finite, of a group that is a whole number."""
        return row_answer.usable(numbers, {})

    def unusable_text(self, numbers: Sequence[float]) -> str:
        """Mostly its group."""
        if row_answer.usable((*numbers[:-1], 0.0), {}):
            return f"its `{self.group}` is {numbers[-1]:g}, and a group is a whole number"
        return super().unusable_text(numbers)

    def constants_text(self, constants: Constants) -> str:
        """What the score orders, and what it must beat."""
        return (
            f"The rows of each `{self.group}` are ordered by their score, the highest first, of "
            f"which {constants[LOOKED_AT]:g} are looked at. What a model has to beat is the order "
            f"by the {self.baseline_name}."
        )

    # The baseline

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """What is said of rows whose rule nobody knows: all the same."""
        return {RELEVANCE: mean_of(targets, weights)}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """The order of the rule, which has travelled with what a model stated.

        Of rows of which nothing was stated: no order at all, in one group.
        """
        import numpy as np

        known = {} if stated is None else stated.columns
        unknown = {RULE: np.full(rows, baseline[RELEVANCE]), GROUP: np.zeros(rows)}
        passed = {name: known.get(name, unknown[name]) for name in PASSED}
        return Predictions({SCORE: passed[RULE], **passed}).weighted_like(stated)

    # Judging

    def measure(self, targets: Targets, predictions: Predictions) -> dict[str, float]:
        """Every metric by name, without those of groups where none can be judged."""
        from math import isnan

        measured = super().measure(targets, predictions)
        return {name: value for name, value in measured.items() if not isnan(value)}

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """The losses: what a place farther down costs is what NDCG says."""
        return self.row_losses(targets, predictions)

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """What is found by looking farther down."""
        return details_of(targets, predictions, self.k).model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Groups, and figures by rank."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Precision and recall by rank."""
        from mlops_platform.tasks.ranking.figures import figures_of

        return figures_of(details)

    def outcome_notes(self, labels: Any, predictions: Predictions) -> tuple[str, ...]:
        """Groups that say nothing, and relevances that count as 0."""
        if not len(predictions):
            return ()
        targets = self.targets(labels)
        figures = figures_of_groups(targets, predictions, self.k)
        groups, judged = len(figures.sizes), int(figures.is_judged.sum())
        notes = []
        if judged < groups:
            notes.append(
                f"{groups - judged:,} of {groups:,} groups take no part in any figure: they have "
                "a single row, or rows that are equally relevant, so that no order is better."
            )
        if negative := int((targets < 0).sum()):
            notes.append(f"{negative:,} rows have a negative relevance, which counts as 0.")
        return tuple(notes)

    # Without labels

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance | None:
        """None: how good an order is says no score."""
        return None

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers] | None:
        """Likewise."""
        return None

    # The YAML

    def faults(self) -> list[SpecError]:
        """Also of columns that are named twice."""
        faults = super().faults()
        if self.rule == self.group:
            fix = "It is the group; name the column by which its rows are ordered today."
            faults.append(SpecError("task.rule", self.rule, fix))
        return faults

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Relevant where the signal is high."""
        import numpy as np

        targets: Targets = (signal > np.median(signal)).astype(np.float64)
        return targets

    def synthetic_columns(self, rows: int) -> Mapping[str, Numbers]:
        """A few rows in each group."""
        import numpy as np

        groups: Numbers = np.arange(rows, dtype=np.float64) // ROWS_OF_A_GROUP
        return {self.group: groups}
