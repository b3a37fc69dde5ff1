"""Waits until the running workers of a model have done what the ledger says."""

from __future__ import annotations

import time

from mlops_platform.record import Record
from mlops_platform.serving.watching.service_events import ServiceEvent, live_workers
from mlops_platform.usecases.service.record_activations import ActivationRecorder

LOOK_SECONDS = 0.1


class Followed(Record):
    """What the running workers made of a release.

    Args:
        serving: workers that answer under its sequence.
        refused: why, by the workers that would not take it over.
        silent: workers that live and said neither in time.
        seconds: waited.
    """

    serving: tuple[str, ...]
    refused: dict[str, str]
    silent: tuple[str, ...]
    seconds: float

    @property
    def by_all(self) -> bool:
        """Whether every running worker serves it; so it is where none runs."""
        return not self.refused and not self.silent


def await_workers(recorder: ActivationRecorder, sequence: int, seconds: float) -> Followed:
    """Wait until every living worker serves a release or has refused it, and write that down.

    Args:
        recorder: one that has recorded everything before the release.
        seconds: wait no longer.
    """
    began, reports = time.monotonic(), dict[str, ServiceEvent]()
    while True:
        living = live_workers(recorder.directory)
        for event in recorder.record():
            if event.role == "champion" and event.sequence == sequence:
                reports[event.worker] = event
        waited = time.monotonic() - began
        if living <= reports.keys() or waited >= seconds:
            break
        time.sleep(LOOK_SECONDS)
    present = {name: reports[name] for name in sorted(living & reports.keys())}
    return Followed(
        serving=tuple(name for name, event in present.items() if event.event != "refused"),
        refused={name: event.detail for name, event in present.items() if event.event == "refused"},
        silent=tuple(sorted(living - reports.keys())),
        seconds=waited,
    )
