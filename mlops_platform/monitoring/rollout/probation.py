"""The one rule for a new champion on probation: keep it, roll it back, or wait."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from mlops_platform.clock import moment_text
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.monitoring.rollout.objectives import ServiceFigures, broken_objective
from mlops_platform.record import Record
from mlops_platform.spec import ProbationSpec


class Observed(Record):
    """All that the verdict may know about a new champion.

    Args:
        released_at: when its probation began.
        service: what workers counted of it since then.
        windows: performance of the windows that its release scored, oldest first.
    """

    released_at: datetime
    service: ServiceFigures = ServiceFigures()
    windows: tuple[WindowPerformance, ...] = ()


class ProbationVerdict(Record):
    """What is to become of the champion, and why."""

    kind: Literal["keep", "roll_back", "wait"]
    reason: str
    evidence: dict[str, Any]


def judge_probation(observed: Observed, spec: ProbationSpec, now: datetime) -> ProbationVerdict:
    """Judge a champion by its service objectives and by its matured quality.

    What it does before its time is over counts, even where it is looked at only afterwards.
    """
    evidence = _evidence(observed)
    broken = broken_objective(observed.service, spec)
    if broken is not None:
        reason = f"The new champion breaks its service objectives: {broken}."
        return ProbationVerdict(kind="roll_back", reason=reason, evidence=evidence)
    judged = [window for window in observed.windows if _is_judged(window, spec)]
    for window in judged:
        increase = window.losses.loss_increase
        if increase is not None and increase > spec.loss_increase:
            return ProbationVerdict(
                kind="roll_back",
                reason=(
                    f"{window.losses.name.capitalize()} of window {window.window} is "
                    f"{increase:+.4f} against what the test of the new champion promises, and "
                    f"{spec.loss_increase:+.4f} is allowed ({window.labelled} matured labels)."
                ),
                evidence={
                    **evidence,
                    "window": window.window,
                    "labelled": window.labelled,
                    "loss_increase": increase,
                },
            )
    until = observed.released_at + timedelta(hours=spec.hours)
    if now < until:
        reason = f"On probation until {moment_text(until)}; {_known(observed, judged, spec)}."
        return ProbationVerdict(kind="wait", reason=reason, evidence=evidence)
    reason = f"Its {spec.hours:g} hours of probation are over; {_known(observed, judged, spec)}."
    return ProbationVerdict(kind="keep", reason=reason, evidence=evidence)


def own_windows(
    windows: Iterable[WindowPerformance], sequence: int
) -> tuple[WindowPerformance, ...]:
    """Those that one release scored."""
    return tuple(window for window in windows if window.release == sequence)


def _is_judged(window: WindowPerformance, spec: ProbationSpec) -> bool:
    return window.mature and window.labelled >= spec.min_labelled


def _known(observed: Observed, judged: Sequence[WindowPerformance], spec: ProbationSpec) -> str:
    """What the verdict rests on, so that nobody takes silence for proof."""
    service = observed.service
    served = (
        f"{service.requests} requests kept the service objectives"
        if service.requests >= spec.min_requests
        else f"{service.requests} requests are no evidence of the service "
        f"({spec.min_requests} are needed)"
    )
    windows = f"{len(judged)} windows" if judged else "no window"
    return f"{served}, {windows} with matured labels tell of its quality"


def _evidence(observed: Observed) -> dict[str, Any]:
    figures = observed.service.model_dump()
    return {name: value for name, value in figures.items() if value is not None}
