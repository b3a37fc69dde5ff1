"""Runs the declared detectors over the errors of one champion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from mlops_platform.monitoring.performance.changes.detectors import Detector, detector_named
from mlops_platform.monitoring.performance.changes.error_blocks import LEAST_LOSS, ErrorBlock
from mlops_platform.monitoring.performance.changes.normal_scores import NormalScores
from mlops_platform.record import Record
from mlops_platform.spec.monitoring.performance import ChangeDetectionSpec, DetectorName

NEXT_TO_NOTHING: Final = 0.01
"""Share of a usual loss."""


class DetectorFinding(Record):
    """What one detector has found by the end of the blocks it was given.

    Args:
        detector: its name; older findings may be of one that is not offered any longer.
        decides: whether its finding counts as a change point.
        found: day of the block at which it last found a change, None where it never did.
        since: day of the first block after that change, as far as the detector can tell.
    """

    detector: str
    decides: bool
    found: date | None = None
    since: date | None = None


def find_changes(
    spec: ChangeDetectionSpec, held_out: Sequence[ErrorBlock], served: Sequence[ErrorBlock]
) -> tuple[DetectorFinding, ...]:
    """Whether the errors have risen.

    Nothing is carried over from call to call: from the same blocks comes the same finding, however
    many restarts, repetitions and corrections lie between.

    Args:
        held_out: errors on the champion's own held-out rows: what its errors are compared with.
        served: errors since it serves, in event-time order.
    """
    return tuple(_last_finding(name, spec, held_out, served) for name in spec.detectors)


def every_change(
    detector: Detector, held_out: Sequence[ErrorBlock], served: Sequence[ErrorBlock]
) -> Iterator[tuple[int, int]]:
    """Positions of served blocks: at which a change was found, and the first one after it."""
    least = _least_loss(held_out)
    scores = NormalScores(block.relative_loss(least) for block in held_out)
    for at, block in enumerate(served):
        score = scores.update(block.relative_loss(least))
        length = None if score is None else detector.update(score)
        if length is not None:
            since = max(at + 1 - length, 0)
            yield at, since
            # What has been found is the norm from then on: the next finding is another change.
            scores = NormalScores(block.relative_loss(least) for block in served[since : at + 1])


def _least_loss(held_out: Sequence[ErrorBlock]) -> float:
    """A loss that is next to nothing, by what the baseline has on held-out rows."""
    rows = sum(block.rows for block in held_out)
    total = sum(block.rows * block.baseline_loss for block in held_out)
    return max(NEXT_TO_NOTHING * total / rows, LEAST_LOSS) if rows else LEAST_LOSS


def _last_finding(
    name: DetectorName,
    spec: ChangeDetectionSpec,
    held_out: Sequence[ErrorBlock],
    served: Sequence[ErrorBlock],
) -> DetectorFinding:
    found_on = since = None
    for at, first in every_change(detector_named(name, spec), held_out, served):
        found_on, since = served[at].day, served[first].day
    return DetectorFinding(detector=name, decides=name == spec.decides, found=found_on, since=since)
