"""MulticlassClassification: the section `task` of a model that tells several classes apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from math import log
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.record import left_out_where_empty
from mlops_platform.tasks.answering.graph import Graph, Tensor
from mlops_platform.tasks.answering.row_answer import Options, RowAnswer
from mlops_platform.tasks.bounds import Bounds
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.estimate import EstimatedPerformance
from mlops_platform.tasks.expecting.decisions import ExpectedDecisions
from mlops_platform.tasks.finished import Constants, Finished, Rows
from mlops_platform.tasks.fitting.calibrators import carried_over, pipeline_below
from mlops_platform.tasks.fitting.incremental import LearntParts
from mlops_platform.tasks.group_metric import GroupMetric
from mlops_platform.tasks.metric import Metric
from mlops_platform.tasks.multiclass_classification import metrics as figures
from mlops_platform.tasks.multiclass_classification.answering import row_answer
from mlops_platform.tasks.multiclass_classification.answering.graph_answer import classes_graph
from mlops_platform.tasks.multiclass_classification.answering.row_answer import known_factors
from mlops_platform.tasks.multiclass_classification.calibration import (
    BIAS_CORRECTED,
    CalibrationMethod,
    calibrated,
    class_factors,
    classes_of,
    of_known,
)
from mlops_platform.tasks.multiclass_classification.classes import Classes, listed
from mlops_platform.tasks.multiclass_classification.columns import (
    CONFIDENCE,
    COVERAGE,
    DECISION,
    PROBABILITIES,
    SET,
    SET_FROM,
    SET_SIZE,
    factor,
    known,
    outputs_of,
    probability,
    share,
)
from mlops_platform.tasks.multiclass_classification.costs import (
    MistakeCosts,
    MulticlassCosts,
    cheapest,
    costs_of_decisions,
    mentioned,
)
from mlops_platform.tasks.multiclass_classification.details import details_of, tables_of
from mlops_platform.tasks.multiclass_classification.estimate import (
    expected_losses,
    expected_performance,
    recalibrated,
)
from mlops_platform.tasks.multiclass_classification.group_metrics import (
    group_metrics_of,
    set_group_metrics,
)
from mlops_platform.tasks.multiclass_classification.named_metrics import (
    Judge,
    metrics_of,
    set_metrics,
)
from mlops_platform.tasks.multiclass_classification.prediction_sets import (
    PredictionSets,
    least_probability,
    sizes,
)
from mlops_platform.tasks.multiclass_classification.probabilities import floored
from mlops_platform.tasks.predictions import Output, Predictions
from mlops_platform.tasks.task import Answer, Refusal, Task
from mlops_platform.tasks.weights import fitted_on

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Numbers, Targets

MOST_OFF = 0.05
"""By which the coverage of sets may miss its promise, at the gate and in a window."""
MOST_TOLD = 6
"""Classes whose shares are told in a sentence."""
LEAST_MOVED = 0.05
"""By which a factor differs from 1 that is told."""


class MulticlassClassification(Task):
    """Calibrated probabilities of declared classes, and the class that is expected to cost least.

    A model is fitted on the codes of those classes that its training rows have, in their order:
    which these are its constants say.
    """

    label_type: ClassVar[Literal["VARCHAR"]] = "VARCHAR"
    has_classes: ClassVar[bool] = True
    states_every_class: ClassVar[bool] = True
    loss_has_unit: ClassVar[bool] = False
    needs_dense_columns: ClassVar[bool] = False
    estimator_kind: ClassVar[str] = "classifier"
    predict_method: ClassVar[str] = "predict_proba"
    answers_of_model: ClassVar[tuple[str, int]] = ("probabilities", -1)
    explained_scale: ClassVar[str] = "explained_score"
    learns_on: ClassVar[bool] = True

    type: Literal["multiclass_classification"] = Field(
        default="multiclass_classification", description="Kind of outcome: one of several classes."
    )
    classes: Classes = Field(
        description=(
            "The classes, as the label table has them. Their order decides which column a "
            "probability is in (`probability_1`, ...) and is kept for good: another list is "
            "another model."
        ),
        examples=[["sun", "rain", "snow"]],
    )
    loss: Literal["log_loss", "brier_score"] = Field(
        default="log_loss", description="What candidates and champions are compared by."
    )
    calibration: CalibrationMethod = Field(
        default="bias_corrected_temperature",
        description=(
            "Fitted on the validation days. `temperature` makes all probabilities bolder or more "
            "careful by one number; `bias_corrected_temperature` also follows how frequent each "
            "class has become, as surely as there are rows of it. `sigmoid` and `isotonic` have a "
            "curve for each class, and need many rows of each."
        ),
    )
    calibration_bins: Annotated[int, Field(ge=2, le=100)] = Field(
        default=10, description="Bins of equal numbers of rows for the calibration errors."
    )
    top_k: Annotated[int, Field(ge=1)] = Field(
        default=2, description="Likeliest classes among which `top_k_accuracy` looks."
    )
    costs: MulticlassCosts = Field(
        default=MistakeCosts(),
        description="What wrong decisions cost; the class of the least expected cost is decided.",
    )
    prediction_sets: PredictionSets | None = Field(
        default=None,
        exclude_if=left_out_where_empty,
        description="Answer, beside the decision, the classes that hold the outcome so often.",
    )

    @property
    def kind(self) -> str:
        """The type and the classes: stored columns are named by the positions of these."""
        digest = sha256("\0".join(self.classes).encode()).hexdigest()[:12]
        return f"{self.type} {digest}"

    @property
    def outputs(self) -> tuple[Output, ...]:
        """Decision, confidence, a probability of each class, and what makes a set."""
        return outputs_of(self.classes, sets=self.prediction_sets is not None)

    @property
    def own_metrics(self) -> Mapping[str, Metric]:
        """Of probabilities, decisions and sets."""
        metrics = self.with_d2(metrics_of(self._judge, self.top_k, self.row_costs))
        if self.prediction_sets is None:
            return metrics
        return {**metrics, **set_metrics(self._judge, self.prediction_sets.coverage)}

    @property
    def dependent_outputs(self) -> tuple[str, ...]:
        """Probabilities of all classes; of many those are shown that depend on a feature most."""
        return tuple(probability(at) for at in range(len(self.classes)))

    def resampling_fault(self) -> str | None:
        """A temperature moves no share, and those of resampled rows are not the true ones."""
        if self.calibration != "temperature":
            return None
        return (
            "Classes have other shares among resampled rows, and `calibration: temperature` does "
            "not move them back: write `bias_corrected_temperature`, `sigmoid` or `isotonic` there."
        )

    @property
    def group_metrics(self) -> Mapping[str, GroupMetric]:
        """Of decisions and confidence, of each class, of sets if there are any, and the loss."""
        metrics = {**group_metrics_of(self._judge), **super().group_metrics}
        if self.prediction_sets is None:
            return metrics
        return {**metrics, **set_group_metrics(self._judge, self.prediction_sets.coverage)}

    @property
    def judged_classes(self) -> tuple[str, ...]:
        """All: of a rare one the mean loss says next to nothing."""
        return self.classes

    def log_chances(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of what came true."""
        return -self._judge.log_losses(targets, predictions)

    @property
    def _judge(self) -> Judge:
        return Judge(self.classes, self.calibration_bins)

    @cached_property
    def _cost_matrix(self) -> list[list[float]] | None:
        """None where the likeliest class is decided."""
        if not isinstance(self.costs, MistakeCosts) or self.costs.are_equal:
            return None
        return self.costs.matrix(self.classes)

    @property
    def baseline_name(self) -> str:
        """Shares of the classes."""
        return "shares of the classes"

    @property
    def default_limits(self) -> Mapping[str, Bounds]:
        """Probabilities must mean what they say, and sets hold what they promise."""
        limits = {"class_wise_calibration_error": Bounds(max=0.1)}
        if self.prediction_sets is None:
            return limits
        promised = self.prediction_sets.coverage
        # A set holds the likeliest class at least, so that easy rows are covered by more.
        return {**limits, "set_coverage": Bounds(min=round(promised - MOST_OFF, 10))}

    @property
    def window_limits(self) -> Mapping[str, Bounds]:
        """Also no class that is not declared, and none that is gone."""
        none = Bounds(max=0.0)
        return {**self.default_limits, "undeclared_share": none, "vanished_classes": none}

    # Targets

    def targets(self, column: Any) -> Targets:
        """Positions of the classes; -1 of what is none of them."""
        return figures.codes_of(column, self.classes)

    def labels_fault(self, column: Any) -> str | None:
        """Labels that are no declared class, by name."""
        import pandas as pd

        counts = pd.Series(column, dtype=object).value_counts()
        undeclared = counts[~counts.index.isin(list(self.classes))]
        if undeclared.empty:
            return None
        names = [str(name) for name in undeclared.index]
        return (
            f"{listed(names)} (in {int(undeclared.sum()):,} of {int(counts.sum()):,} rows) "
            f"{'is no class' if len(names) == 1 else 'are no classes'} of task.classes: "
            f"{listed(list(self.classes))}. Declare what is missing there, or publish such labels "
            "as NULL or as another class."
        )

    def refusal(self, targets: Targets) -> Refusal | None:
        """One class only, or none."""
        import numpy as np

        if not len(targets):
            return Refusal("none with a label", "at least two classes")
        present = np.unique(targets[targets >= 0])
        if len(present) > 1:
            return None
        if not len(present):
            return Refusal("all with a label that is no declared class", "at least two classes")
        return Refusal(f"all with label {self.classes[present[0]]!r}", "at least two classes")

    def facts(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Share of each class, and of all else where there is some."""
        shares = figures.shares_of(targets, len(self.classes), weights).tolist()
        named = {_share_of(name): of for name, of in zip(self.classes, shares, strict=False)}
        return {**named, "undeclared": shares[-1]} if shares[-1] else named

    def facts_text(self, facts: Mapping[str, float]) -> str:
        """The largest shares in percent."""
        shares = {name: facts[_share_of(name)] for name in self.classes}
        shown = sorted(shares, key=lambda name: -shares[name])[:MOST_TOLD]
        told = [f"{100 * shares[name]:.1f} % {name}" for name in self.classes if name in shown]
        if len(self.classes) > len(shown):
            told.append(f"{len(self.classes) - len(shown)} further classes")
        if undeclared := facts.get("undeclared"):
            told.append(f"{100 * undeclared:.1f} % not declared")
        return ", ".join(told)

    def events(self, targets: Targets) -> dict[str, int]:
        """Outcomes beside the most frequent class: a rare one alone would never let a gate open."""
        import numpy as np

        declared = targets[targets >= 0]
        most = int(np.bincount(declared).max()) if len(declared) else 0
        return {"outcomes beside the most frequent class": len(targets) - most}

    # A fitted model

    def raw_predictions(self, estimator: Any, rows: Rows, features: Any) -> Predictions:
        """Probabilities, without decisions; a class that `rows` have not has the least."""
        import numpy as np

        present = classes_of(rows)
        said = fitted_on(estimator, of_known(rows, present)).predict_proba(features)
        spread = np.zeros((len(said), len(self.classes)))
        spread[:, present] = said
        return Predictions(self._probability_columns(floored(spread)))

    def fit(self, pipeline: Any, train: Rows, unseen: Rows) -> Finished:
        """Fit, calibrate on unseen rows, and set there what a set holds."""
        present = classes_of(train)
        below = fitted_on(pipeline, of_known(train, present))
        model = calibrated(below, of_known(unseen, present), self.calibration)
        constants = self._constants(model, present, unseen)
        return Finished(model, constants, self.baseline(train.targets, train.weights))

    def refit(self, judged: Finished, pipeline: Any, rows: Rows, unseen: Rows) -> Finished:
        """Calibration and sets are carried over (ADR 0003).

        A class that only newer rows have was not judged, and is not released: the next training
        learns it.
        """
        present = self._known_codes(judged.constants)
        below = pipeline_below(judged.model)
        model = calibrated(below, of_known(unseen, present), self.calibration)
        constants = self._constants(model, present, unseen)
        refitted = carried_over(model, fitted_on(pipeline, of_known(rows, present)))
        return Finished(refitted, constants, self.baseline(rows.targets, rows.weights))

    def learnt_parts(self, model: Any) -> LearntParts:
        """What is below the calibrator."""
        return LearntParts(pipeline_below(model))

    def unteachable(self, constants: Constants, targets: Targets) -> str | None:
        """Other classes than those that the model was first fitted on."""
        import numpy as np

        known, present = self._known_codes(constants), np.unique(targets[targets >= 0])
        if np.array_equal(known, present):
            return None
        changed = [self.classes[code] for code in np.setxor1d(known, present)]
        return f"it was fitted on other classes ({listed(changed)})"

    def _known_codes(self, constants: Constants) -> Any:
        """Positions of the classes that a model knows; of all where its constants do not say."""
        import numpy as np

        count = len(self.classes)
        return np.flatnonzero([constants.get(known(at), 1.0) for at in range(count)])

    def _constants(self, model: Any, present: Any, unseen: Rows) -> dict[str, float]:
        """What follows from rows that the model below the calibrator has not seen.

        Args:
            present: codes of the classes that it knows.
        """
        import numpy as np

        count = len(self.classes)
        constants = {known(position): float(position in present) for position in range(count)}
        if self.calibration == BIAS_CORRECTED:
            rows, factors = of_known(unseen, present), np.ones(count)
            factors[present] = class_factors(floored(self.numbers(model, rows.features)), rows)
            constants |= {factor(at): float(value) for at, value in enumerate(factors)}
        if self.prediction_sets is not None:
            stated = self._spread(self.numbers(model, unseen.features), constants)
            constants[SET_FROM] = least_probability(
                stated, unseen.targets, self.prediction_sets.coverage, unseen.weights
            )
        return constants

    def numbers(self, model: Any, features: Any) -> Numbers:
        """Calibrated probabilities of the classes that the model knows, shape (rows, these)."""
        import numpy as np

        return np.asarray(model.predict_proba(features), dtype=np.float64)

    def predictions(self, numbers: Numbers, constants: Constants) -> Predictions:
        """Probabilities of all classes, and the decision that is expected to cost least."""
        return self._stated(self._spread(numbers, constants), constants)

    def _spread(self, numbers: Numbers, constants: Constants) -> Numbers:
        """Probabilities of all classes, shape (rows, classes)."""
        import numpy as np

        spread, codes = np.zeros((len(numbers), len(self.classes))), self._known_codes(constants)
        factors = np.array([constants.get(factor(at), 1.0) for at in codes.tolist()])
        spread[:, codes] = numbers * factors
        return floored(spread)

    def _stated(self, probabilities: Numbers, constants: Constants) -> Predictions:
        import numpy as np

        decided = cheapest(probabilities, self._cost_matrix)
        names = np.array([*self.classes, None], dtype=object)[:-1]
        columns = {
            DECISION: names[decided],
            CONFIDENCE: probabilities.max(axis=1),
            **self._probability_columns(probabilities),
        }
        if self.prediction_sets is None:
            return Predictions(columns)
        least = constants.get(SET_FROM, 0.0)
        in_sets = {
            SET_SIZE: sizes(probabilities, least),
            SET_FROM: np.full(len(probabilities), least),
        }
        return Predictions({**columns, **in_sets})

    @staticmethod
    def _probability_columns(probabilities: Numbers) -> dict[str, Any]:
        return {probability(at): column.copy() for at, column in enumerate(probabilities.T)}

    def answer(self, numbers: Sequence[float], constants: Constants) -> Answer:
        """The same for one row."""
        return row_answer.answer(numbers, constants, self._answer_options)

    def shown(self, answer: Answer) -> Mapping[str, Any]:
        """Probabilities by class, and the classes of the set, the likeliest first."""
        return row_answer.shown(answer, self._answer_options)

    def worded(self, answer: Answer) -> Mapping[str, Any]:
        """Each probability by the name of its class."""
        names = {
            probability(position): f"probability of {name}"
            for position, name in enumerate(self.classes)
        }
        told = {names.get(field, field): value for field, value in answer.items()}
        # A line that was logged before there were sets has none.
        if answer.get(SET_SIZE) is None:
            return told
        shown = self.shown(answer)
        sets = {SET: ", ".join(shown[SET]), COVERAGE: shown[COVERAGE]}
        return {
            **{field: told[field] for field in told if field not in (SET_SIZE, SET_FROM)},
            **sets,
        }

    @property
    def row_answer(self) -> RowAnswer:
        """By the functions of the same name."""
        options = self._answer_options
        return RowAnswer(row_answer.usable, row_answer.answer, row_answer.shown, options)

    @cached_property
    def _answer_options(self) -> Options:
        sets = self.prediction_sets
        return {
            "classes": self.classes,
            "costs": self._cost_matrix,
            "coverage": None if sets is None else sets.coverage,
        }

    def graph_answer(
        self, graph: Graph, numbers: Sequence[Tensor], constants: Constants
    ) -> Mapping[str, Tensor]:
        """As for one row."""
        return classes_graph(graph, numbers, constants, self._answer_options)

    def shown_fields(self) -> Mapping[str, tuple[Any, str]]:
        """Types of these."""
        # A client's generated code has a type for each of the classes.
        name: Any = Literal.__getitem__(self.classes)
        by_name = {output.name: output for output in self.outputs}
        fields: dict[str, tuple[Any, str]] = {
            DECISION: (name, by_name[DECISION].description),
            CONFIDENCE: (float, by_name[CONFIDENCE].description),
            PROBABILITIES: (dict[name, float], "Probability of each class; they add up to 1."),
        }
        if self.prediction_sets is not None:
            fields[SET] = (list[name], "Classes that hold the outcome as often as is promised.")
            fields[COVERAGE] = (float, "Share of outcomes that such sets promise to hold.")
        return fields

    def explained_classes(self, constants: Constants) -> Mapping[str, float]:
        """Those that the model knows; a factor of a probability is added to its logarithm."""
        factors = known_factors(constants, len(self.classes))
        return {self.classes[at]: log(times) for at, times in factors}

    def usable(self, numbers: Sequence[float]) -> bool:
        """Probabilities."""
        return row_answer.usable(numbers, self._answer_options)

    def constants_text(self, constants: Constants) -> str:
        """How is decided, what a set holds, and which classes the model does not know."""
        if self._cost_matrix is not None:
            assert isinstance(self.costs, MistakeCosts)
            costs = mentioned(self.costs.mistakes)
            text = (
                f"The class of the least expected cost is decided: {costs}, "
                f"every other mistake {self.costs.otherwise:g}."
            )
        else:
            text = "The likeliest class is decided."
        if self.prediction_sets is not None:
            text += (
                f" A set promises to hold {self.prediction_sets.coverage:.0%} of outcomes: classes "
                f"of a probability of at least {constants.get(SET_FROM, 0.0):.4f} are in it."
            )
        if moved := self._moved(constants):
            text += f" Probabilities follow how frequent classes have become: {moved}."
        codes = set(self._known_codes(constants).tolist())
        strange = [name for at, name in enumerate(self.classes) if at not in codes]
        if strange:
            text += f" No row taught it {listed(strange)}: it gives them next to no chance."
        return text

    def _moved(self, constants: Constants) -> str:
        """The classes whose probabilities are moved most, as a clause."""
        factors = [
            (times, self.classes[at])
            for at, times in known_factors(constants, len(self.classes))
            if abs(times - 1) >= LEAST_MOVED
        ]
        factors.sort(key=lambda pair: -max(pair[0], 1 / pair[0]))
        return ", ".join(f"{name!r} times {times:.2f}" for times, name in factors[:MOST_TOLD])

    # The baseline

    def baseline(self, targets: Targets, weights: Numbers | None = None) -> dict[str, float]:
        """Shares of the classes, of which none is zero."""
        import numpy as np

        declared = targets >= 0
        counted = None if weights is None else weights[declared]
        counts = np.bincount(targets[declared], counted, len(self.classes)).astype(np.float64)
        [shares] = floored(counts[None]).tolist()
        return {share(position): value for position, value in enumerate(shares)}

    def baseline_predictions(
        self,
        baseline: Constants,
        constants: Constants,
        rows: int,
        stated: Predictions | None = None,
    ) -> Predictions:
        """Always the shares."""
        import numpy as np

        probabilities = np.tile(self._baseline_shares(baseline), (rows, 1))
        return self._stated(probabilities, constants).weighted_like(stated)

    def _baseline_shares(self, baseline: Constants) -> Numbers:
        import numpy as np

        shares = np.array([[baseline[share(at)] for at in range(len(self.classes))]])
        (said,) = floored(shares)
        return np.asarray(said, dtype=np.float64)

    # Judging

    def hindsight_losses(self, targets: Targets, stated: Predictions) -> Numbers:
        """By the shares as they are: of what occurs none is zero."""
        import numpy as np

        shares = figures.shares_of(targets, len(self.classes), stated.weights)[:-1]
        always = np.tile(shares / shares.sum(), (len(targets), 1))
        return self.row_losses(targets, Predictions(self._probability_columns(always)))

    def row_costs(self, targets: Targets, predictions: Predictions) -> Numbers:
        """Of wrong decisions."""
        if not isinstance(self.costs, MistakeCosts):
            return self.costs.of_rows(targets, predictions)
        decided = self._judge.decided(predictions)
        return costs_of_decisions(targets, decided, self.costs.matrix(self.classes))

    def details(
        self, targets: Targets, predictions: Predictions, constants: Constants
    ) -> dict[str, Any]:
        """Confusion and figures by class."""
        codes = set(self._known_codes(constants).tolist())
        known_of = [position in codes for position in range(len(self.classes))]
        told = details_of(targets, predictions, self.classes, known_of, self.calibration_bins)
        return told.model_dump(mode="json")

    def tables(self, details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
        """Figures by class and confusion."""
        return tables_of(details)

    def figures(self, metrics: Mapping[str, float], details: Mapping[str, Any]) -> dict[str, bytes]:
        """Confusion, calibration and figures by class."""
        from mlops_platform.tasks.multiclass_classification.figures import figures_of

        return figures_of(metrics, details)

    def outcome_notes(self, labels: Any, predictions: Predictions) -> tuple[str, ...]:
        """Classes that are not declared, and those that did not occur."""
        if not len(labels):
            return ()
        fault = self.labels_fault(labels)
        codes = self.targets(labels)
        expected = figures.expected_rows(self._judge.probabilities(predictions))
        present = set(figures.occurring(codes))
        absent = [
            f"{name!r} ({expected[at]:.1f} were to be expected)"
            for at, name in enumerate(self.classes)
            if at not in present
        ]
        return (
            *(() if fault is None else (fault,)),
            *([f"No outcome is {', '.join(absent[:MOST_TOLD])}."] if absent else []),
        )

    # Without labels

    def estimate(
        self,
        predictions: Predictions,
        baseline: Constants,
        known: tuple[Targets, Predictions] | None,
    ) -> EstimatedPerformance:
        """Confidence-based estimation, class by class.

        Probabilities are calibrated on the known rows, where there are any. It sees that rows are
        harder or of other classes than before, and not that like rows now turn out otherwise.
        """
        stated = self._judge.probabilities(predictions)
        probabilities = stated
        if known is not None:
            codes, said = known
            known_stated = self._judge.probabilities(said)
            probabilities = recalibrated(stated, known_stated, codes, said.weights)
        decided = self._judge.decided(predictions)
        expected = ExpectedDecisions(probabilities, decided, predictions.weights)
        shares = self._baseline_shares(baseline)
        return expected_performance(self.classes, stated, shares, expected, self.loss)

    def expected_losses(
        self, predictions: Predictions, baseline: Constants
    ) -> tuple[Numbers, Numbers]:
        """Taking the probabilities for true."""
        stated = self._judge.probabilities(predictions)
        shares = self._baseline_shares(baseline)
        return (
            expected_losses(stated, stated, self.loss),
            expected_losses(shares, stated, self.loss),
        )

    # The YAML

    def faults(self) -> list[SpecError]:
        """Also costs of classes that are not declared, and a top k that holds all classes."""
        faults = super().faults()
        if self.top_k >= len(self.classes):
            fix = (
                f"There are {len(self.classes)} classes, of which that would be all: write at most "
                f"{len(self.classes) - 1}."
            )
            faults.append(SpecError("task.top_k", self.top_k, fix))
        if isinstance(self.costs, MistakeCosts):
            faults += self.costs.faults(self.classes)
        return faults

    def synthetic_targets(self, signal: Numbers) -> Targets:
        """Classes of equal numbers of rows, by the signal."""
        import numpy as np

        ranks = np.argsort(np.argsort(signal, kind="stable"), kind="stable")
        return (ranks * len(self.classes) // max(len(signal), 1)).astype(np.int64)


def _share_of(name: str) -> str:
    """What a fact about a class is called."""
    return f"share of {name}"
