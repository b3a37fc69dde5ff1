"""Runs a logged request again, by the version that answered it, for incidents."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import Field

from mlops_platform.column_kind import Value
from mlops_platform.data.served.lines import ADJUSTMENT, KEYS, LATER_KEYS, served_column
from mlops_platform.data.served.rows import find_request
from mlops_platform.errors import ArtifactError, LedgerError, RegistryError
from mlops_platform.record import Record
from mlops_platform.serving.scoring.rounding import TOLERANCE, answer_difference
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.offline import OfflineVersions

if TYPE_CHECKING:
    import pyarrow as pa


class Replayed(Record):
    """What the pipeline says now.

    Args:
        answer: by field.
        difference: `answer_difference` of what was logged: relative to numbers beyond 1, and of
            flags where the numbers are equal; more than rounding is another answer.
    """

    answer: dict[str, float | bool | str]
    difference: float


class ReplayedRow(Record):
    """One logged row, and the same again.

    Args:
        adjustment: under which it was answered; None where the line names none.
        answer: by field.
        replayed: None where it cannot be run again, for the `reason`.
    """

    time: datetime
    row: int
    route: str
    entity: str | None
    role: str
    version: str
    sequence: int
    adjustment: int | None = Field(default=None, exclude_if=lambda number: number is None)
    answer: dict[str, float | bool | str]
    latency_ms: float
    features: dict[str, Value]
    redacted: tuple[str, ...]
    replayed: Replayed | None
    reason: str | None

    @property
    def agrees(self) -> bool:
        """Whether the pipeline answers now as the service did then."""
        return self.replayed is not None and self.replayed.difference <= TOLERANCE

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if self.replayed is None:
            return f"It cannot be run again: {self.reason}."
        if self.agrees:
            return "The pipeline answers the same."
        return f"The pipeline answers otherwise: more than rounding ({TOLERANCE:g}) explains."


class ReplayedRequest(Record):
    """Every row of a request, run again; none where the log does not have it."""

    request_id: str
    model: str
    rows: tuple[ReplayedRow, ...]

    @property
    def agrees(self) -> bool:
        """Whether all rows agree."""
        return all(row.agrees for row in self.rows)


def replay_request(deployment: Deployment, spec: ModelSpec, request_id: str) -> ReplayedRequest:
    """Find a request in the prediction log, landed or not, and run each of its rows alone."""
    log, landed = (
        deployment.settings.prediction_log(spec.name),
        deployment.settings.landed_predictions(spec.name),
    )
    rows = find_request(spec, log, landed, request_id)
    versions = OfflineVersions(deployment, spec)
    return ReplayedRequest(
        request_id=request_id,
        model=spec.name,
        rows=tuple(
            _replayed(spec, rows.slice(position, 1), versions) for position in range(rows.num_rows)
        ),
    )


def _replayed(spec: ModelSpec, served: pa.Table, versions: OfflineVersions) -> ReplayedRow:
    [line] = served.to_pylist()
    reason, replayed, names = None, None, list(spec.features.names)
    outputs = spec.task.outputs
    answer = {output.field: line[output.field] for output in outputs}
    try:
        source = (line["version"], line["sequence"], line["role"], line[ADJUSTMENT])
        offline = versions.load(*source)
        names = offline.features
        if offline.lacks(served).any():
            reason = f"the log lacks features of version {offline.version}, so it cannot be scored"
        else:
            predictions = offline.predictions(served)
            again = {output.field: predictions[output.name].item() for output in outputs}
            replayed = Replayed(answer=again, difference=answer_difference(again, answer))
    except (ArtifactError, LedgerError, RegistryError) as error:
        reason = str(error)
    logged = {key: line[key] for key in (*KEYS, *LATER_KEYS) if key in ReplayedRow.model_fields}
    return ReplayedRow(
        answer=answer,
        adjustment=line[ADJUSTMENT],
        **{**logged, "redacted": line["redacted"] or ()},
        features={name: line.get(served_column(name, spec.task)) for name in names},
        replayed=replayed,
        reason=reason,
    )
