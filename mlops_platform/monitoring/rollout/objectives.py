"""The service objectives of a version, and whether it keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from mlops_platform.record import Record
from mlops_platform.spec import ProbationSpec

PERCENTILE = 0.99


class ServiceFigures(Record):
    """What workers counted of one version in one role.

    Args:
        requests: answered, or failed by the version.
        p99_milliseconds: 99th percentile of the latency; None without requests.
    """

    requests: int = 0
    errors: int = 0
    p99_milliseconds: float | None = None

    @property
    def error_share(self) -> float:
        """Share of the requests that failed."""
        return self.errors / self.requests if self.requests else 0.0


def percentile(edges: Sequence[float], counts: Sequence[int], share: float) -> float | None:
    """Percentile of values that were counted by classes, interpolated within its class.

    Args:
        edges: upper edges of all classes but the last, which ends nowhere: its lower edge stands
            for it.
    """
    rank, total = share * sum(counts), sum(counts)
    if not total:
        return None
    below = [0, *accumulate(counts)]
    at = next(i for i, until in enumerate(below[1:]) if until >= rank and counts[i])
    if at == len(edges):
        return edges[-1]
    lower = edges[at - 1] if at else 0.0
    return lower + (edges[at] - lower) * (rank - below[at]) / counts[at]


def broken_objective(service: ServiceFigures | None, spec: ProbationSpec) -> str | None:
    """The objective that a version breaks, in words; None where none is, or too little is known."""
    if service is None or service.requests < spec.min_requests:
        return None
    if service.error_share > spec.max_error_share:
        return (
            f"{service.errors} of {service.requests} requests failed: "
            f"{service.error_share:.2%}, and at most {spec.max_error_share:.2%} may"
        )
    p99 = service.p99_milliseconds
    if p99 is not None and p99 > spec.max_p99_milliseconds:
        return (
            f"the 99th percentile of the latency of {service.requests} requests is {p99:.0f} ms, "
            f"and may be {spec.max_p99_milliseconds:g} ms at most"
        )
    return None
