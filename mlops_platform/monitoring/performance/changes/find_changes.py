"""Runs the declared detectors over the errors of one champion."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from mlops_platform.monitoring.performance.changes.detectors import Detector, detector_named
from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
from mlops_platform.monitoring.performance.changes.normal_scores import NormalScores
from mlops_platform.record import Record
from mlops_platform.spec.performance import ChangeDetectionSpec, DetectorName


class DetectorFinding(Record):
    """What one detector has found by the end of the blocks it was given.

    Args:
        decides: whether its finding counts as a change point.
        found: day of the block at which it last found a change, None where it never did.
        since: day of the first block after that change, as far as the detector can tell.
    """

    detector: DetectorName
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
    return tuple(
        DetectorFinding(
            detector=name,
            decides=name == spec.decides,
            **_last_finding(detector_named(name, spec), held_out, served),
        )
        for name in spec.detectors
    )


def _last_finding(
    detector: Detector, held_out: Sequence[ErrorBlock], served: Sequence[ErrorBlock]
) -> dict[str, date]:
    last: dict[str, date] = {}
    scores = NormalScores(block.relative_loss for block in held_out)
    for at, block in enumerate(served):
        score = scores.update(block.relative_loss)
        length = None if score is None else detector.update(score)
        if length is not None:
            changed = served[max(at + 1 - length, 0) : at + 1]
            last = {"found": block.day, "since": changed[0].day}
            # What has been found is the norm from then on: the next finding is another change.
            scores = NormalScores(block.relative_loss for block in changed)
    return last
