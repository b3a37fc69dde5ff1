"""From what workers report to the ledger: which version actually served, and which was refused."""

from __future__ import annotations

from mlops_platform.ledger.records import NewActivation
from mlops_platform.serving.watching.service_events import EventReader, ServiceEvent
from mlops_platform.usecases.deployment import Deployment


class ActivationRecorder:
    """Writes each new report of a model's workers to the ledger, once."""

    def __init__(self, deployment: Deployment, model: str) -> None:
        self._ledger, self._model = deployment.ledger, model
        self.directory = deployment.settings.prediction_log(model)
        """Folder to which the workers write."""
        self._reader = EventReader(self.directory)
        self._pending: list[ServiceEvent] = []

    def record(self) -> list[ServiceEvent]:
        """Write what is new since the last call; return it, oldest first.

        Raises:
            LedgerError: it could not be written; the next call tries again.
        """
        events = self._reader.new_events()
        self._pending += [event for event in events if event.model == self._model]
        if self._pending:
            reports = [_activation(event) for event in self._pending]
            self._ledger.record_activations(self._model, reports)
        recorded, self._pending = self._pending, []
        return recorded


def record_activations(deployment: Deployment, model: str) -> int:
    """Write everything that the workers of a model ever reported; returns how much was read.

    Raises:
        LedgerError: it could not be written.
    """
    return len(ActivationRecorder(deployment, model).record())


def _activation(event: ServiceEvent) -> NewActivation:
    fields = event.model_dump(exclude={"time", "model"})
    return NewActivation(**fields | {"version": int(event.version)}, happened_at=event.time)
