"""Task: what kind of outcome a model predicts, and everything that depends on it.

Other rooms see names and arrays: the outputs of a prediction, a loss per row, a baseline, metrics
with a direction. Which task it is they never ask. A task in turn knows no model, table, registry or
clock, and is packed into every Bento.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from mlops_platform.column_kind import KindName
from mlops_platform.errors import SpecError
from mlops_platform.section import Section
from mlops_platform.tasks.adaptation import AdaptationRule
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import RowAnswer
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.custom import CustomMetric
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.expansion import Expansion
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.incremental import LearntParts
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric, VersionMetric
from mlops_platform.tasks.predictions import Output, Predictions

if TYPE_CHECKING:
    from datetime import datetime

    from mlops_platform.tasks.predictions import Numbers, Targets


Answer = dict[str, float | bool | str]
"""Outputs of one row by their field, in their order."""


class Refusal(NamedTuple):
    """Why targets are of no use: what they are, and what is needed, as clauses."""

    found: str
    needed: str


class Task(Section, ABC):
    """The section `task` of a model's YAML.

    Attributes:
        has_classes: whether outcomes are classes, whose shares a split can keep.
        loss_has_unit: whether its loss is in the unit of the label, so that no level of it is
            right for every model.
        needs_dense_columns: whether its models take no sparse matrix, whatever the candidate takes.
        estimator_kind, predict_method: what an estimator must be and have.
        answers_of_model: a name for what that method answers, and how many numbers for a row; -1
            where models differ in that.
        states_every_class: whether a model's numbers are the probabilities of all its classes.
        learns_on: whether its models can be taught rows on top of what they know.
    """

    has_classes: ClassVar[bool] = False
    states_every_class: ClassVar[bool] = False
    loss_has_unit: ClassVar[bool]
    needs_dense_columns: ClassVar[bool]
    estimator_kind: ClassVar[str]
    predict_method: ClassVar[str]
    answers_of_model: ClassVar[tuple[str, int]]
    learns_on: ClassVar[bool] = False

    type: str
    loss: str
    metrics: tuple[CustomMetric, ...] = Field(
        default=(), description="Metrics of your own, by import path."
    )

    @property
    @abstractmethod
    def label_type(self) -> Literal["BOOLEAN", "DOUBLE", "VARCHAR"]:
        """SQL type in which outcomes are read."""

    @property
    @abstractmethod
    def explained_scale(self) -> str:
        """What the contributions of features add up to, in words and as a field."""

    @property
    def kind(self) -> str:
        """What two versions must have in common to be compared, and to share stored columns."""
        return self.type

    @property
    @abstractmethod
    def outputs(self) -> tuple[Output, ...]:
        """Columns of every prediction; the first one says most."""

    @property
    def feature_columns(self) -> Mapping[str, tuple[str, KindName]]:
        """Features that the section names itself, with their kind, by the option that does."""
        return {}

    @property
    def never_missing(self) -> tuple[str, ...]:
        """Options that name a feature without which no row can be answered."""
        return ()

    @property
    def known_ahead(self) -> tuple[str, ...]:
        """Features that no fact moves: of a row that is yet to come they are known before."""
        return ()

    @property
    def told_if_missing(self) -> tuple[str, ...]:
        """Categorical features of which a missing value is as odd as one that nobody has seen."""
        return ()

    @property
    def group_column(self) -> str | None:
        """Feature by whose values rows are judged together; None where each is by itself.

        No part of a split, fold or sample has some of their rows only, and no estimator learns from
        it.
        """
        return None

    @property
    def ranked_by(self) -> tuple[str, str] | None:
        """Outputs by which the predictions of a window are ranked: their group, and the score."""
        return None

    @property
    def fits_unlabelled(self) -> bool:
        """Whether rows teach whose outcome is not known; its targets then say that it is not."""
        return False

    @property
    def judges_unlabelled(self) -> bool:
        """Whether its loss is one of predictions alone, so that every row judges, and at once."""
        return False

    @property
    @abstractmethod
    def own_metrics(self) -> Mapping[str, Metric]:
        """Metrics that every model of this task has, by name."""

    @property
    @abstractmethod
    def default_limits(self) -> Mapping[str, Bounds]:
        """Of the gate by metric, where the YAML says nothing else."""

    @property
    def window_limits(self) -> Mapping[str, Bounds]:
        """At which windows warn, where the YAML says nothing else."""
        return self.default_limits

    @property
    def counted_by_window(self) -> str | None:
        """The option that counts something by window, where there is one: it needs a clock."""
        return None

    @property
    def adaptation_rule(self) -> AdaptationRule | None:
        """How constants follow the outcomes after the release; None where they never change."""
        return None

    @property
    def expansion(self) -> Expansion | None:
        """How one request may name many rows; None where each row is a request of its own."""
        return None

    @property
    def all_metrics(self) -> Mapping[str, Metric]:
        """These, and those of the YAML."""
        return {**self.own_metrics, **{custom.name: custom.metric() for custom in self.metrics}}

    @property
    def group_metrics(self) -> Mapping[str, GroupMetric]:
        """Figures that are compared between groups of people, by name; the loss at least."""
        meaning = f"mean {self.loss_name}: how wrong the model is"
        return {"loss": GroupMetric(meaning, row_values=self.row_losses)}

    @property
    def version_metrics(self) -> Mapping[str, VersionMetric]:
        """How alike two versions answer, by name; none where their loss says all there is."""
        return {}

    @property
    def default_agreement(self) -> Mapping[str, float]:
        """Least figures of these that the gate demands, where the YAML says nothing else."""
        return {}

    def version_table(self, champion: Predictions, candidate: Predictions) -> DetailTable | None:
        """How their answers to the same rows differ, for who reads the verdict; None if nothing."""
        return None

    @property
    def has_rivals(self) -> bool:
        """Whether there are simple rules beside the baseline, which know features."""
        return False

    def rivals(self, train: Rows, test: Rows, stated: Predictions) -> Mapping[str, Predictions]:
        """What simple rules say of test rows, by their name in words.

        Args:
            train: rows by which a rule is chosen.
            stated: what a model says of the test rows.
        """
        return {}

    @property
    def judged_classes(self) -> tuple[str, ...]:
        """Classes whose outcomes are judged apart, by the positions that targets are; or none."""
        return ()

    def log_chances(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Logarithm of the probability that each row gave to its outcome, shape (rows,).

        Of a task with `judged_classes`.
        """
        raise NotImplementedError

    @property
    @abstractmethod
    def baseline_name(self) -> str:
        """The baseline in words: "no better than by the base rate"."""

    @property
    def loss_name(self) -> str:
        """The loss in words."""
        return self.loss.replace("_", " ")

    @property
    def watched(self) -> tuple[str, ...]:
        """Outputs whose drift is measured, numbers first; that of the first in every segment."""
        watched = [output for output in self.outputs if output.watched]
        ordered = sorted(watched, key=lambda output: output.kind == "category")
        return tuple(output.name for output in ordered)

    @property
    def watched_categories(self) -> tuple[str, ...]:
        """Those of them that are no numbers."""
        categories = [output.name for output in self.outputs if output.kind == "category"]
        return tuple(name for name in self.watched if name in categories)

    @property
    def decision(self) -> str | None:
        """The output that says what is made of a row; None where there are numbers alone."""
        return next((output.name for output in self.outputs if output.kind != "number"), None)

    @property
    def dependent_outputs(self) -> tuple[str, ...]:
        """Numbers whose dependence on features is shown, by default the first one alone."""
        return tuple(output.name for output in self.outputs if output.kind == "number")[:1]

    def require_kind(self, kind: str, version: str) -> None:
        """Refuse a version that was trained for another kind of task.

        Raises:
            SpecError: it was.
        """
        if kind == self.kind:
            return
        field, value, trained_for = "task.type", self.type, f"the task {kind}"
        if kind.split()[0] == self.type:
            field, value, trained_for = "task.classes", "other ones", "other classes"
        fix = (
            f"{version} was trained for {trained_for}. Another task is another model: give it a "
            "name of its own, and leave this one its task."
        )
        raise SpecError(field, value, fix)

    # Targets

    @abstractmethod
    def targets(self, column: Any) -> Targets:
        """Outcomes as they are computed with, of a column without missing values."""

    def labels_fault(self, column: Any) -> str | None:
        """Why labels cannot be trained on, of a column without missing values; None where they can.

        In a window such labels are outcomes all the same.
        """
        return None

    @abstractmethod
    def refusal(self, targets: Targets) -> Refusal | None:
        """Why nothing can be fitted on these or judged by them; None where it can.

        In a window such outcomes are measured all the same: a loss needs no others.
        """

    def fit_refusal(self, targets: Targets) -> Refusal | None:
        """Why nothing can be fitted on these; by default where nothing can be judged by them."""
        return self.refusal(targets)

    @abstractmethod
    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """What the outcomes are like, by name.

        Args:
            weights: of the rows, shape (rows,); None where all count the same.
        """

    @abstractmethod
    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The same as a clause for a person."""

    def events(self, targets: Targets) -> dict[str, int]:
        """How many outcomes there are of each kind of which a verdict needs some, by its name.

        Counts, whatever their weights: one outcome of great weight is one.
        """
        return {"rows": len(targets)}

    def fitted_events(self, targets: Targets) -> dict[str, int]:
        """The same of rows that a model is fitted on."""
        return self.events(targets)

    # A fitted model

    def estimator_fault(self, estimator: Any) -> str | None:
        """Why an unfitted estimator cannot do this task; None where it can."""
        if hasattr(estimator, self.predict_method):
            return None
        return f"Name a {self.estimator_kind} with `{self.predict_method}` here."

    def resampling_fault(self) -> str | None:
        """Why rows may not be resampled by class before a fit; None where they may."""
        if self.has_classes:
            return None
        return f"Labels of the task {self.type} are no classes: leave it out."

    @abstractmethod
    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """What a bare estimator or pipeline answers; enough for every metric that tunes.

        Args:
            estimator: not fitted yet; it is fitted on `rows`.
            features: in the columns of these, of the rows that are asked about.
        """

    def offsets(self, rows: Rows, known: Rows) -> Numbers | None:
        """What is known of the outcome of each row, so that estimators learn the rest of it.

        Args:
            known: rows that are fitted on, of which the offset of rows without one comes.

        Returns:
            shape (rows,); by default nothing is known.
        """
        return None

    def with_offsets(self, predictions: Predictions, offsets: Numbers) -> Predictions:
        """Raw predictions of what an estimator has learnt beside offsets, as those of outcomes."""
        raise NotImplementedError(f"{type(self).__name__} has offsets and adds them to nothing")

    def beside(self, predictions: Predictions, features: Any) -> Predictions:
        """Raw predictions with what metrics need of the rows themselves; by default nothing.

        Args:
            features: as they are published, where `raw_predictions` got them preprocessed.
        """
        return predictions

    @abstractmethod
    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit a pipeline on `train`, and what its predictions need on rows it has not seen."""

    @abstractmethod
    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Fit the same on all rows, and carry over what must come of unseen ones (ADR 0003).

        Args:
            judged: what `fit` returned.
            pipeline: another one, not fitted yet.
            rows: everything known.
            unseen: those of them that the judged pipeline has not seen.
        """

    def learnt_parts(self, model: Any) -> LearntParts:
        """What of a finished model can learn on; of a task that `learns_on`.

        `fit` and `refit` take an `IncrementalPipeline` of these in the place of a pipeline.
        """
        raise NotImplementedError

    def unteachable(self, constants: Constants, targets: Targets) -> str | None:
        """Why a model cannot learn on from rows with these outcomes, as a clause; None if it can.

        Args:
            constants: of the model.
            targets: of all rows that it would be fitted on.
        """
        return None

    @property
    def goes_on_from_champion(self) -> bool:
        """Whether something of the champion's answers, such as names, is to stay what it was."""
        return False

    def gone_on(
        self, champion: Constants, before: Predictions, candidate: Constants, stated: Predictions
    ) -> Constants:
        """Constants of the candidate that change, so that its answers go on from the champion's.

        Args:
            before, stated: what champion and candidate say of the same rows.
        """
        return {}

    def gone_on_predictions(self, before: Predictions, stated: Predictions) -> Predictions:
        """What `stated` had been had the model gone on from that which says `before`.

        Args:
            before, stated: of the same rows.
        """
        return stated

    @abstractmethod
    def numbers(self, model: Any, features: Any) -> Numbers:
        """What a finished model says, shape (rows, numbers)."""

    @abstractmethod
    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """The outputs that follow from a model's numbers."""

    @abstractmethod
    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row, by the fields of the outputs, without NumPy: it is served."""

    def shown(self, answer: Answer) -> Mapping[str, Any]:
        """What a client is told of an answer; the log keeps it by its outputs."""
        return answer

    def worded(self, answer: Answer) -> Mapping[str, Any]:
        """The same for a person, by what each is called: no position of a class, and no key."""
        return self.shown(answer)

    @property
    def row_answer(self) -> RowAnswer | None:
        """The same as functions that can leave the platform; None where it cannot be exported."""
        return None

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor] | None:
        """The same for a graph of tensors: outputs by their field; None where it has no such form.

        Args:
            numbers: of the model, one tensor for each.
        """
        return None

    def shown_fields(self) -> Mapping[str, tuple[Any, str]]:
        """The type and the description of each field of that."""
        kinds = {"number": float, "flag": bool, "category": str}
        return {output.field: (kinds[output.kind], output.description) for output in self.outputs}

    def dated_fields(self) -> Mapping[str, tuple[Any, str]]:
        """What an answer tells besides, where the moment of its row is known: as `shown_fields`."""
        return {}

    def dated(self, answer: Answer, moment: datetime) -> Mapping[str, Any]:
        """The same of one answer.

        Args:
            moment: of the row, in the time zone of the model.
        """
        return {}

    def together_fields(self) -> Mapping[str, tuple[Any, str]]:
        """What an answer tells besides, where it is one of many: as `shown_fields`."""
        return {}

    def together(self, answers: Sequence[Answer]) -> Sequence[Mapping[str, Any]]:
        """The same of each of the answers to one request, all by one version."""
        return [{} for _ in answers]

    def predict(
        self, model: Any, constants: Constants, features: Any, weights: Numbers | None = None
    ) -> Predictions:
        """Predictions of a finished model, with the weights of their rows."""
        return self.predictions(self.numbers(model, features), constants).weighted(weights)

    def explained_classes(self, constants: Constants) -> Mapping[str, float]:
        """Of each class that is explained apart, what the constants add to its score, in order.

        Empty where a model's first number is explained, and not classes.
        """
        return {}

    @abstractmethod
    def usable(self, numbers: Sequence[float]) -> bool:
        """Whether a model's numbers for one row can be answered: finite and within their bounds."""

    def first_unusable(self, numbers: Numbers) -> int | None:
        """Position of the first of many rows that cannot be answered; None where all can.

        Args:
            numbers: shape (rows, numbers).
        """
        rows = enumerate(numbers.tolist())
        return next((at for at, row in rows if not self.usable(row)), None)

    def unusable_text(self, numbers: Sequence[float]) -> str:
        """Why they cannot, as a clause for whoever has sent the row."""
        return f"the model says {tuple(numbers)}"

    @abstractmethod
    def constants_text(self, constants: Constants) -> str:
        """How predictions follow from the model's numbers: a sentence for the card."""

    # The baseline

    @abstractmethod
    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Constants of the naive prediction that knows these outcomes and no feature.

        Args:
            weights: as of `facts`.
        """

    @abstractmethod
    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """What the baseline says of so many rows.

        Args:
            stated: what a model said of them, where one did: their weights, and what of them the
                baseline knows.
        """

    # Judging

    def measure(self, targets: Targets, predictions: Predictions) -> dict[str, float]:
        """Every metric by name, without those that are not defined on these rows.

        Raises:
            SpecError: one of the YAML's does not fit.
        """
        return {
            name: metric.compute(targets, predictions) for name, metric in self.all_metrics.items()
        }

    def row_losses(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Loss of each row, shape (rows,), lower is better; their mean is the metric `loss`.

        The mean by the weights of the predictions, which a row's own loss knows nothing of.
        """
        row_values = self.own_metrics[self.loss].row_values
        assert row_values is not None  # a loss is a mean of rows
        return row_values(targets, predictions)

    def baseline_losses(
        self, targets: Targets, baseline: Constants, stated: Predictions | None = None
    ) -> Numbers:
        """Loss that the baseline has on each row, shape (rows,).

        Args:
            stated: as in `baseline_predictions`.
        """
        return self.row_losses(
            targets, self.baseline_predictions(baseline, {}, len(targets), stated)
        )

    def hindsight_losses(self, targets: Targets, stated: Predictions) -> Numbers:
        """Loss of the baseline that knows these very outcomes, shape (rows,): what D2 is against.

        Args:
            stated: what a model said of these rows.
        """
        return self.baseline_losses(targets, self.baseline(targets, stated.weights), stated)

    def d2(self, targets: Targets, predictions: Predictions) -> float:
        """Share of the loss of the baseline in hindsight that is saved, as scikit-learn's D2.

        NaN where nothing can be judged by these outcomes, or that baseline loses nothing.
        """
        if self.refusal(targets) is not None:
            return float("nan")
        own = predictions.mean_of(self.row_losses(targets, predictions))
        constant = predictions.mean_of(self.hindsight_losses(targets, predictions))
        return 1 - own / constant if constant else float("nan")

    def with_d2(self, metrics: Mapping[str, Metric]) -> dict[str, Metric]:
        """The loss, D2, and all other metrics of a task whose baseline is a constant."""
        meaning = (
            f"share of the {self.loss_name} of always saying these rows' own {self.baseline_name} "
            "that is saved; 0 is no better"
        )
        d2 = Metric(
            meaning,
            greater_is_better=True,
            compute=self.d2,
            tunes=True,
            headline=True,
            by_subgroup=True,
        )
        return {self.loss: metrics[self.loss], "d2": d2, **metrics}

    @abstractmethod
    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """What each row costs in the model's own unit, shape (rows,)."""

    @property
    def changes_cost(self) -> bool:
        """Whether it costs something that a prediction differs from an earlier one."""
        return False

    def takeover_cost(self, before: Predictions, after: Predictions) -> float:
        """What the changes cost from the last predictions of one model to the first of another.

        Args:
            before, after: with their moments.
        """
        return 0.0

    @abstractmethod
    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """What only this task knows to tell of an evaluation, as JSON holds it."""

    def feature_details(self, model: Any, rows: Rows, predictions: Predictions) -> dict[str, Any]:
        """Details that the features of the judged rows are needed for, beside those.

        Args:
            predictions: of the model, of these rows.
        """
        return {}

    @abstractmethod
    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Details as tables of the model card."""

    @abstractmethod
    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Details as PNG bytes, by a name that says what is shown."""

    def outcome_notes(self, labels: Any, predictions: Predictions) -> tuple[str, ...]:
        """What is odd about the outcomes of a window, in sentences; none where nothing is.

        Args:
            labels: as they are published, without missing ones, shape (rows,).
        """
        return ()

    # Without labels

    def notes(self, tested: Predictions, stated: Predictions) -> tuple[str, ...]:
        """What a person is told of a window whatever its outcomes are: sentences.

        Args:
            tested: what was stated of the rows that the version was tested on.
            stated: what is stated of the window.
        """
        return ()

    @abstractmethod
    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance | None:
        """What predictions let expect of themselves; None where they say nothing about it.

        Args:
            known: rows of the same model whose outcomes are known, by which it is corrected.
        """

    @abstractmethod
    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers] | None:
        """Loss and baseline's loss that each row lets expect, shape (rows,) both."""

    # The YAML

    def faults(self) -> list[SpecError]:
        """Contradictions within the section, each with the path of what is to be mended."""
        outputs, own = [output.name for output in self.outputs], self.own_metrics
        names = [custom.name for custom in self.metrics]
        faults = []
        for position, custom in enumerate(self.metrics):
            field = f"task.metrics.{position}"
            if custom.name in own:
                fix = "The platform measures one of this name; choose another."
                faults.append(SpecError(f"{field}.name", custom.name, fix))
            if custom.name in names[:position]:
                fix = "Another metric has this name; choose another."
                faults.append(SpecError(f"{field}.name", custom.name, fix))
            if custom.of not in outputs:
                fix = f"It is no output; write one of {', '.join(outputs)}."
                faults.append(SpecError(f"{field}.of", custom.of, fix))
        return faults

    @abstractmethod
    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Plausible targets that follow a signal of shape (rows,): to try a YAML without data."""

    def synthetic_columns(self, rows: int) -> Mapping[str, Numbers]:
        """Values of features that cannot be any, shape (rows,) each, for the same purpose."""
        return {}

    def misfits(self, targets: Targets, predictions: Predictions) -> list[SpecError]:
        """Metrics and costs by import path that fail on these rows, or on a baseline of them."""
        from math import isfinite

        baseline = self.baseline(targets, predictions.weights)
        constant = self.baseline_predictions(baseline, {}, len(targets), predictions)
        errors = []
        for position, custom in enumerate(self.metrics):
            field = f"task.metrics.{position}.function"
            for what, stated in {"": predictions, " of the baseline": constant}.items():
                try:
                    value = custom.metric().compute(targets, stated)
                except SpecError as error:
                    errors.append(SpecError(field, custom.function, error.fix))
                    break
                if not isfinite(value):
                    fix = f"It gives {value} on a small sample{what}, and must be finite."
                    errors.append(SpecError(field, custom.function, fix))
                    break
        try:
            self.row_costs(targets, predictions)
        except SpecError as error:
            errors.append(error)
        return errors
