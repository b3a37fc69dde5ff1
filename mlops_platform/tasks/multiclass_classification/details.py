"""What an evaluation tells of a multiclass classifier alone: confusion, figures by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mlops_platform.record import Record
from mlops_platform.tasks.detail_table import DetailTable
from mlops_platform.tasks.multiclass_classification import metrics as figures
from mlops_platform.tasks.multiclass_classification.metrics import CalibrationBin

if TYPE_CHECKING:
    from mlops_platform.tasks.predictions import Predictions, Targets

MOST_CONFUSED: Final = 12
"""Classes whose confusion is a table of the card; of more the most frequent mistakes are listed."""
MISTAKES: Final = 20
UNDECLARED: Final = "(not declared)"


class OneClass(Record):
    """Decisions for one class, and what it was predicted with.

    Args:
        rows: in which it came true.
        predicted: its mean probability.
        known: whether the model was fitted on rows of it.
    """

    name: str
    rows: int
    share: float
    predicted: float
    precision: float
    recall: float
    f1: float
    calibration_error: float
    calibration: tuple[CalibrationBin, ...]
    known: bool = True


class Details(Record):
    """Of the test rows.

    Args:
        confusion: rows by class that came true, columns by class that was decided; the last row is
            of outcomes that are no declared class.
    """

    rows: int
    classes: tuple[OneClass, ...]
    confusion: tuple[tuple[int, ...], ...]


def details_of(
    codes: Targets,
    predictions: Predictions,
    classes: Sequence[str],
    known: Sequence[bool],
    bins: int,
) -> Details:
    """Measure them.

    Args:
        known: of each class whether the model was fitted on rows of it.
    """
    count, weights = len(classes), predictions.weights
    probabilities = figures.probabilities_in(predictions, count)
    decided = figures.decided_in(predictions, classes)
    of_classes = figures.class_figures(codes, decided, count, weights)
    told = []
    for position, name in enumerate(classes):
        is_class, stated = codes == position, probabilities[:, position]
        told.append(
            OneClass(
                name=name,
                rows=int(is_class.sum()),
                share=predictions.mean_of(is_class),
                predicted=predictions.mean_of(stated),
                **of_classes[position]._asdict(),
                calibration_error=figures.class_calibration_error(is_class, stated, bins, weights),
                calibration=figures.calibration_bins(is_class, stated, bins, weights),
                known=known[position],
            )
        )
    return Details(
        rows=len(codes), classes=tuple(told), confusion=_confusion(codes, decided, count)
    )


def _confusion(codes: Targets, decided: Targets, count: int) -> tuple[tuple[int, ...], ...]:
    import numpy as np

    true = np.where(codes < 0, count, codes)
    counts = np.bincount(true * count + decided, minlength=(count + 1) * count)
    return tuple(map(tuple, counts.reshape(count + 1, count).tolist()))


def tables_of(details: Mapping[str, Any]) -> tuple[DetailTable, ...]:
    """Figures by class, and the confusion matrix or its most frequent mistakes."""
    read = Details.model_validate(details)
    by_class = DetailTable(
        title="By class",
        columns=(
            *("class", "rows", "share", "mean probability", "precision", "recall", "F1"),
            "calibration error",
        ),
        rows=tuple(
            (
                part.name if part.known else f"{part.name} (no row to learn from)",
                part.rows,
                part.share,
                part.predicted,
                part.precision,
                part.recall,
                part.f1,
                part.calibration_error,
            )
            for part in read.classes
        ),
    )
    confused = _matrix(read) if len(read.classes) <= MOST_CONFUSED else _mistakes(read)
    return (by_class, confused)


def _matrix(read: Details) -> DetailTable:
    names = [part.name for part in read.classes]
    rows = list(zip([*names, UNDECLARED], read.confusion, strict=True))
    kept = rows if sum(read.confusion[-1]) else rows[:-1]
    return DetailTable(
        title="Confusion matrix",
        columns=("", *(f"decided {name}" for name in names)),
        rows=tuple((f"was {name}", *counts) for name, counts in kept),
    )


def _mistakes(read: Details) -> DetailTable:
    names = [*(part.name for part in read.classes), UNDECLARED]
    counted = [
        (count, names[true], names[decided])
        for true, counts in enumerate(read.confusion)
        for decided, count in enumerate(counts)
        if true != decided and count
    ]
    counted.sort(key=lambda mistake: (-mistake[0], *mistake[1:]))
    return DetailTable(
        title="The most frequent mistakes",
        columns=("was", "decided", "rows"),
        rows=tuple((true, decided, count) for count, true, decided in counted[:MISTAKES])
        or (("none", "none", 0),),
    )
