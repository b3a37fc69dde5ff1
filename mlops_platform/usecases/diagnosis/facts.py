"""What was found of a deployment: all that a diagnosis may know."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mlops_platform.ledger.challenger import Challenger
from mlops_platform.ledger.records import ChainFault, Decision, Release
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.state import AdjustmentState
from mlops_platform.usecases.diagnosis.alerts import AlertsFacts
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.landing import LandingFacts
from mlops_platform.usecases.diagnosis.published import DamagedTable
from mlops_platform.usecases.ledger.anchors import Anchor
from mlops_platform.usecases.release.reconcile import ProjectionFault
from mlops_platform.usecases.window.records import ModelWindows


@dataclass(frozen=True)
class ModelFacts:
    """What was found of one model.

    Args:
        spec: None where no YAML declares it any more.
        now: its present.
        retired: nothing is asked of it any more.
        windows: None where their records cannot be read.
        labels_through: until when the labels of its windows can have been built; None where
            nothing was measured.
        replayed: file of the moment that a replay of it has reached, None in the present.
        bento_problem: what is wrong with the Bento of the champion.
        lost: rows that something outside of the ledger names, and it does not know.
        challenger: what is on trial.
        damaged: what is wrong with the files of a released version or challenger, by version.
        request: the retraining that was decided and has no verdict.
        request_runs: runs that were started for it.
        suggestion: the retraining that the policy suggests and nobody has answered.
        training: a training of the model runs or is queued.
        proved: a Bento of it has answered its golden rows over HTTP.
        adjustment: how far its constants have followed; None where they never change.
        alerts: its incidents, and the state of its alerting; None where they were not looked at.
    """

    model: str
    spec: ModelSpec | None
    now: datetime
    retired: bool = False
    replayed: Path | None = None
    releases: tuple[Release, ...] = ()
    challenger: Challenger | None = None
    windows: ModelWindows | None = field(default_factory=ModelWindows)
    labels_through: datetime | None = None
    chain_fault: ChainFault | None = None
    bento_problem: str | None = None
    lost: tuple[Anchor, ...] = ()
    projection_faults: tuple[ProjectionFault, ...] = ()
    damaged: Mapping[int, str] = field(default_factory=dict)
    request: Decision | None = None
    request_runs: int = 0
    suggestion: Decision | None = None
    training: bool = False
    proved: bool = True
    adjustment: AdjustmentState | None = None
    alerts: AlertsFacts | None = None


@dataclass(frozen=True)
class WarehouseLock:
    """What keeps the warehouse file from being read.

    Args:
        pid: the process that has it open, None where DuckDB does not say.
        building: a run is under way that may well be the holder.
        damaged: nobody keeps it: it is no database, or not whole.
    """

    path: Path
    pid: int | None
    problem: str
    building: bool
    damaged: bool = False


@dataclass(frozen=True)
class Facts:
    """What was found of the deployment.

    Args:
        now: by the machine's clock.
        bentos: BentoML's store.
        lost_runs: job by id of the unfinished runs whose process is gone.
        dead_registry_runs: model by id of the runs that MLflow has as running, and nobody writes.
        held_slots: pools and ids of the finished runs that still hold a slot of them.
        left_servers: commands of the processes that serve and whose starter is gone, by id.
        landing: None where it was not looked at.
        damaged_tables: what is wrong with published tables, by table.
        unseen: what could not be looked at.
    """

    now: datetime
    dagster_home: Path
    bentos: Path
    lost_runs: Mapping[str, str] = field(default_factory=dict)
    dead_registry_runs: Mapping[str, str] = field(default_factory=dict)
    held_slots: tuple[tuple[str, str], ...] = ()
    left_servers: Mapping[int, str] = field(default_factory=dict)
    lock: WarehouseLock | None = None
    landing: LandingFacts | None = None
    damaged_tables: Mapping[str, DamagedTable] = field(default_factory=dict)
    models: tuple[ModelFacts, ...] = ()
    unseen: tuple[Fault, ...] = ()

    def launch(self, what: str) -> str:
        """Command that runs a job or materialises assets on this deployment."""
        return f"DAGSTER_HOME={shlex.quote(str(self.dagster_home))} dg launch {what}"
