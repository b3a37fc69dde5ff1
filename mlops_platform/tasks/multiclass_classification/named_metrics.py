"""Metrics of a multiclass classifier by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from mlops_platform.tasks.metric import Metric, mean_of
from mlops_platform.tasks.multiclass_classification import metrics as figures
from mlops_platform.tasks.multiclass_classification.columns import SET_FROM, SET_SIZE
from mlops_platform.tasks.multiclass_classification.prediction_sets import holds_outcome

if TYPE_CHECKING:
    from mlops_platform.tasks.multiclass_classification.metrics import Codes
    from mlops_platform.tasks.predictions import Numbers, Predictions

MOST_NAMED: Final = 12
"""Classes that have a precision and a recall among the metrics; of more a table tells."""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}")


@dataclass(frozen=True)
class Judge:
    """Figures of predictions in some classes.

    Args:
        bins: of the calibration error.
    """

    classes: tuple[str, ...]
    bins: int

    def probabilities(self, predictions: Predictions) -> Numbers:
        """Of all classes, shape (rows, classes)."""
        return figures.probabilities_in(predictions, len(self.classes))

    def log_losses(self, codes: Codes, predictions: Predictions) -> Numbers:
        """Of each row."""
        return figures.log_losses(codes, self.probabilities(predictions))

    def brier_scores(self, codes: Codes, predictions: Predictions) -> Numbers:
        """Of each row."""
        return figures.brier_scores(codes, self.probabilities(predictions))

    def is_right(self, codes: Codes, predictions: Predictions) -> Numbers:
        """Whether each decision is."""
        right: Numbers = (codes == self.decided(predictions)).astype(float)
        return right

    def decided(self, predictions: Predictions) -> Codes:
        """Positions of the decided classes."""
        return figures.decided_in(predictions, self.classes)

    def is_among_likeliest(self, codes: Codes, predictions: Predictions, k: int) -> Numbers:
        """Whether what came true is among the k likeliest classes."""
        among = figures.is_among_likeliest(codes, self.probabilities(predictions), k)
        return among.astype(float)

    def is_undeclared(self, codes: Codes, predictions: Predictions) -> Numbers:
        """Whether what came true is none of the classes."""
        return (codes < 0).astype(float)

    def vanished(self, codes: Codes, predictions: Predictions) -> float:
        """Classes that were to be expected, and did not occur."""
        return float(figures.vanished(codes, self.probabilities(predictions)))

    def calibration_error(self, codes: Codes, predictions: Predictions) -> float:
        """Mean of those of all classes."""
        return figures.class_wise_calibration_error(
            codes, self.probabilities(predictions), self.bins, predictions.weights
        )

    def mean_over_classes(self, codes: Codes, predictions: Predictions, figure: str) -> float:
        """Mean of a figure over the classes that came true."""
        of_classes = self._of_classes(codes, predictions)
        present = figures.occurring(codes)
        values = [getattr(of_classes[position], figure) for position in present]
        return sum(values) / len(values) if values else float("nan")

    def of_class(self, codes: Codes, predictions: Predictions, position: int, figure: str) -> float:
        """A figure of one class."""
        return float(getattr(self._of_classes(codes, predictions)[position], figure))

    def _of_classes(self, codes: Codes, predictions: Predictions) -> list[figures.ClassFigures]:
        decided = self.decided(predictions)
        return figures.class_figures(codes, decided, len(self.classes), predictions.weights)


def class_labels(classes: Sequence[str]) -> tuple[str, ...]:
    """What figures of each class are called: by its name, or by its position where one is odd."""
    plain = all(_PLAIN.fullmatch(name) for name in classes)
    distinct = len({name.lower() for name in classes}) == len(classes)
    if plain and distinct:
        return tuple(classes)
    return tuple(str(position + 1) for position in range(len(classes)))


def metrics_of(
    judge: Judge, k: int, row_costs: Callable[[Codes, Predictions], Numbers]
) -> Mapping[str, Metric]:
    """Every metric by name, without those of prediction sets."""
    of_classes = partial(_of_classes, judge)
    among = partial(judge.is_among_likeliest, k=k)
    return {
        "log_loss": Metric(
            "penalty for confident mistakes; lower is better",
            greater_is_better=False,
            compute=mean_of(judge.log_losses),
            row_values=judge.log_losses,
            tunes=True,
            headline=True,
        ),
        "brier_score": Metric(
            "mean squared distance of the probabilities from what came true; lower is better",
            greater_is_better=False,
            compute=mean_of(judge.brier_scores),
            row_values=judge.brier_scores,
            tunes=True,
        ),
        "accuracy": Metric(
            "share of decisions that are right",
            greater_is_better=True,
            compute=mean_of(judge.is_right),
            row_values=judge.is_right,
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "balanced_accuracy": of_classes(
            "share of right decisions, averaged over the classes that came true", "recall"
        ),
        "macro_f1": of_classes(
            "harmonic mean of precision and recall, averaged over the classes that came true",
            "f1",
            headline=True,
        ),
        "top_k_accuracy": Metric(
            f"share of outcomes that are among the {k} likeliest classes",
            greater_is_better=True,
            compute=mean_of(among),
            row_values=among,
            tunes=True,
        ),
        "class_wise_calibration_error": Metric(
            "mean distance of probability and frequency, over all classes; lower is better",
            greater_is_better=False,
            compute=judge.calibration_error,
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "expected_cost": Metric(
            "mean cost of one decision in the declared costs; lower is better",
            greater_is_better=False,
            compute=mean_of(row_costs),
        ),
        "undeclared_share": Metric(
            "share of outcomes that are none of the declared classes",
            greater_is_better=False,
            # No row values: it is a fact, and has no interval that could hold 0.
            compute=mean_of(judge.is_undeclared),
        ),
        "vanished_classes": Metric(
            f"classes without any outcome, of which {figures.SURELY_SOME:g} or more were to be "
            "expected",
            greater_is_better=False,
            compute=judge.vanished,
            defined_for_any_targets=True,
        ),
        **(_of_each_class(judge) if len(judge.classes) <= MOST_NAMED else {}),
    }


def set_metrics(judge: Judge, coverage: float) -> Mapping[str, Metric]:
    """Those of prediction sets."""
    held = partial(held_in_set, judge)
    return {
        "set_coverage": Metric(
            f"share of outcomes inside their set; {coverage:g} is promised",
            greater_is_better=None,
            compute=mean_of(held),
            row_values=held,
            headline=True,
            by_subgroup=True,
            defined_for_any_targets=True,
        ),
        "set_size": Metric(
            "classes in a set, on average",
            greater_is_better=False,
            compute=mean_of(_set_sizes),
            row_values=_set_sizes,
        ),
    }


def _of_classes(judge: Judge, meaning: str, figure: str, *, headline: bool = False) -> Metric:
    return Metric(
        meaning,
        greater_is_better=True,
        compute=partial(judge.mean_over_classes, figure=figure),
        headline=headline,
    )


def _of_each_class(judge: Judge) -> dict[str, Metric]:
    words = {
        "precision": "share of decisions for {name!r} that are right; 0 where there is none",
        "recall": "share of the outcomes {name!r} that are found; 0 where there is none",
    }
    named = zip(class_labels(judge.classes), judge.classes, strict=True)
    return {
        f"{figure}_{label}": Metric(
            meaning.format(name=name),
            greater_is_better=True,
            compute=partial(judge.of_class, position=position, figure=figure),
        )
        for position, (label, name) in enumerate(named)
        for figure, meaning in words.items()
    }


def held_in_set(judge: Judge, codes: Codes, predictions: Predictions) -> Numbers:
    """Whether the set of each row holds what came true, as 1 or 0, shape (rows,)."""
    held = holds_outcome(judge.probabilities(predictions), codes, predictions[SET_FROM])
    return held.astype(float)


def _set_sizes(_: Codes, predictions: Predictions) -> Numbers:
    sizes: Numbers = predictions[SET_SIZE]
    return sizes
