"""Deployment: everything that the models of one place share, as one value that is handed down."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from mlops_platform.clock import present, replayed_moment
from mlops_platform.settings import Settings, settings

if TYPE_CHECKING:
    from mlops_platform.ledger.incident_log import IncidentLog
    from mlops_platform.ledger.ledger import Ledger
    from mlops_platform.registry.registry import Registry


@dataclass(frozen=True, eq=False)
class Deployment:
    """Where everything is, what time it is for each model, and its ledger and registry.

    Each part is opened when it is first asked for: what reads the ledger alone works while the
    registry is down, and does not wait for MLflow's import.

    Args:
        moment_of: the present of a model: the machine's, or the moment that a replay of it has
            reached. There is no other: what belongs to no model goes by the machine's clock.
    """

    settings: Settings
    moment_of: Callable[[str], datetime]

    @cached_property
    def ledger(self) -> Ledger:
        """Decisions, releases and activations."""
        from mlops_platform.ledger.ledger import Ledger

        return Ledger(
            self.settings.ledger_url,
            self.moment_of,
            self.is_replayed,
            self._keep_heads,
            self._newest_known,
        )

    @cached_property
    def incident_log(self) -> IncidentLog:
        """Everything that happened in incidents."""
        from mlops_platform.ledger.incident_log import IncidentLog

        return IncidentLog(self.settings.ledger_url, self._keep_heads, self._newest_known)

    @cached_property
    def registry(self) -> Registry:
        """Runs and versions, with their files."""
        from mlops_platform.registry.registry import Registry

        place = self.settings
        return Registry(place.mlflow_tracking_uri, place.mlflow_artifacts, place.home)

    def replayed_moment(self, model: str) -> datetime | None:
        """The moment that a replay of a model has reached; None where it lives in the present."""
        return replayed_moment(self.settings.replay_clock(model))

    def is_replayed(self, model: str) -> bool:
        """Whether a model lives in the past."""
        return self.replayed_moment(model) is not None

    def _keep_heads(self, model: str) -> None:
        """After every row: what shows later that the ledger has lost it."""
        from mlops_platform.ledger.heads import keep_heads

        keep_heads(self.settings.ledger_heads(model), self.ledger, model)

    def _newest_known(self, model: str) -> Collection[str]:
        """Before every row: what the ledger must still have."""
        from mlops_platform.ledger.heads import read_heads

        return read_heads(self.settings.ledger_heads(model)).newest.values()

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Many reads of the ledger in a row, in one thread, open its database once."""
        with self.ledger.kept_open(), self.incident_log.kept_open():
            yield


def deployment_at(place: Settings) -> Deployment:
    """The deployment that these settings describe."""
    return Deployment(place, moment_of=lambda model: present(place.replay_clock(model)))


def open_deployment() -> Deployment:
    """The deployment of this process."""
    return deployment_at(settings())
