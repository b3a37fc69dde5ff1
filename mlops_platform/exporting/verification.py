"""Proof that an export answers what the pipeline answers as it is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlops_platform.exporting.refusal import NotExportable
from mlops_platform.record import Record
from mlops_platform.serving.frames import frame_of
from mlops_platform.serving.scoring.rounding import answer_difference, relative_difference

if TYPE_CHECKING:
    from mlops_platform.exporting.compared_rows import ComparedRows
    from mlops_platform.exporting.exportable import Exportable
    from mlops_platform.serving.frames import Row

TOLERANCE: Final = 1e-6
"""Largest difference of a number that is exported; relative to numbers beyond 1."""
BATCH: Final = 2_000


class Said(NamedTuple):
    """What is said of one row.

    Attributes:
        numbers: of the model.
        answer: what follows from them by field; None where they cannot be answered.
    """

    numbers: tuple[float, ...]
    answer: Mapping[str, Any] | None


class Verification(Record):
    """By what an export was proved.

    Args:
        own_rows, generated_rows: how many were compared.
        refused_rows: of these, for which neither the pipeline nor the export has an answer.
        max_difference: largest difference of a number of the model or of an answer, relative to
            numbers beyond 1.
        decided_otherwise: rows whose number is so close to a threshold that rounding decides.
    """

    own_rows: int
    generated_rows: int
    refused_rows: int
    max_difference: float
    decided_otherwise: int


def served(version: Exportable, rows: Sequence[Row], *, shown: bool) -> list[Said]:
    """What the pipeline says of rows, and what the service answers of that.

    Args:
        shown: whether answers are as a client is told; else their outputs by field.
    """
    from threadpoolctl import threadpool_limits

    said = []
    with threadpool_limits(1):
        for start in range(0, len(rows), BATCH):
            frame = frame_of(version.schema, rows[start : start + BATCH])
            numbers = version.task.numbers(version.pipeline, frame)
            said += [_answered(version, tuple(row), shown=shown) for row in numbers.tolist()]
    return said


def compare(
    version: Exportable,
    rows: ComparedRows,
    expected: Sequence[Said],
    exported: Sequence[Said],
    *,
    shown: bool,
) -> Verification:
    """Measure how far an export is from the pipeline.

    Numbers may differ by rounding. Whatever is decided by them must be what the task itself decides
    by the numbers of the export.

    Raises:
        NotExportable: it is further away than `TOLERANCE`, or decides otherwise.
    """
    largest, refused, otherwise = 0.0, 0, 0
    for row, said, export in zip(rows.all, expected, exported, strict=True):
        if said.answer is None and export.answer is None:
            refused += 1
            continue
        again = _answered(version, export.numbers, shown=shown).answer
        if said.answer is None or export.answer is None or again is None:
            raise _refused(version, row, "one of the two has no answer to it")
        difference = max(
            (
                *map(relative_difference, said.numbers, export.numbers),
                answer_difference(_numbers(said.answer), _numbers(export.answer)),
            )
        )
        if not difference <= TOLERANCE or len(said.numbers) != len(export.numbers):
            raise _refused(
                version, row, f"numbers differ by {difference:g} (allowed {TOLERANCE:g})"
            )
        if _decided(again) != _decided(export.answer):
            raise _refused(version, row, "the same numbers are decided otherwise")
        otherwise += _decided(said.answer) != _decided(export.answer)
        largest = max(largest, difference)
    if refused == len(expected):
        raise NotExportable(f"{version.name} cannot be exported: it has no answer to any row.")
    return Verification(
        own_rows=len(rows.own),
        generated_rows=len(rows.generated),
        refused_rows=refused,
        max_difference=largest,
        decided_otherwise=otherwise,
    )


def _answered(version: Exportable, numbers: tuple[float, ...], *, shown: bool) -> Said:
    task = version.task
    if not task.usable(numbers):
        return Said(numbers, None)
    answer = task.answer(numbers, version.constants)
    return Said(numbers, task.shown(answer) if shown else answer)


def _refused(version: Exportable, row: Row, reason: str) -> NotExportable:
    return NotExportable(
        f"{version.name} is not exported: of the row {dict(row)!r} {reason}. Nothing was written."
    )


def _numbers(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in answer.items() if not _is_decided(value)}


def _decided(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in answer.items() if _is_decided(value)}


def _is_decided(value: Any) -> bool:
    return isinstance(value, bool | str | list)
