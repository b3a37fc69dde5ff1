"""What the workers of a service counted of one version."""

from datetime import datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ValidationError

from mlops_platform.monitoring.rollout.objectives import PERCENTILE, ServiceFigures, percentile
from mlops_platform.serving.roles import Role
from mlops_platform.serving.watching.objectives import LATENCY_EDGES, PREFIX


class _Line(BaseModel):
    """One line of a worker's file; what a newer worker adds is passed over."""

    time: AwareDatetime
    model: str
    version: str
    role: Role
    errors: int
    latencies: list[int]


def service_figures(
    log: Path, model: str, version: int, role: Role, since: datetime
) -> ServiceFigures:
    """Sum up what every worker counted of a version in one role since a moment.

    Args:
        log: folder of the prediction log.
    """
    lines = [
        line
        for file in sorted(log.glob(f"{PREFIX}*.jsonl"))
        for line in _read(file)
        if (line.model, line.version, line.role) == (model, str(version), role)
        and line.time >= since
    ]
    counts = [
        sum(line.latencies[bucket] for line in lines) for bucket in range(len(LATENCY_EDGES) + 1)
    ]
    return ServiceFigures(
        requests=sum(counts),
        errors=sum(line.errors for line in lines),
        p99_milliseconds=percentile(LATENCY_EDGES, counts, PERCENTILE),
    )


def _read(file: Path) -> list[_Line]:
    """Whole lines of a file; one that was torn by a crash or has other classes is passed over."""
    lines = []
    for text in file.read_bytes().splitlines():
        try:
            line = _Line.model_validate_json(text)
        except ValidationError:
            continue
        if len(line.latencies) == len(LATENCY_EDGES) + 1:
            lines.append(line)
    return lines
