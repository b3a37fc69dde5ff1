"""The one rule from the state of a deployment to what is wrong with it, and to the cure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from mlops_platform.data.windows import Window, ended_windows
from mlops_platform.ledger.challenger import Challenger
from mlops_platform.ledger.records import ChainFault, Decision, Release
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.alerts_diagnosis import AlertsFacts, alerts_findings
from mlops_platform.usecases.finding import SEVERITIES, Finding
from mlops_platform.usecases.measure_performance import matures_at
from mlops_platform.usecases.model_windows import ModelWindows
from mlops_platform.usecases.reconcile import ProjectionFault
from mlops_platform.usecases.roll_back import previous_champion

GRACE: Final = timedelta(hours=12)
"""After the midnight that ends a window: its schedule has ticked and its run has ended by then."""
HEAL: Final = "mlops doctor --heal"


@dataclass(frozen=True)
class ModelFacts:
    """What was found of one model.

    Args:
        spec: None where no YAML declares it any more.
        challenger: what is on trial.
        damaged: what is wrong with the files of a released version or challenger, by version.
        request: the retraining that was decided and has no verdict.
        request_runs: runs that were started for it.
        training: a training of the model runs or is queued.
        alerts: its incidents, and the state of its alerting; None where they were not looked at.
    """

    model: str
    spec: ModelSpec | None
    releases: tuple[Release, ...] = ()
    challenger: Challenger | None = None
    windows: ModelWindows = field(default_factory=ModelWindows)
    chain_fault: ChainFault | None = None
    projection_faults: tuple[ProjectionFault, ...] = ()
    damaged: Mapping[int, str] = field(default_factory=dict)
    request: Decision | None = None
    request_runs: int = 0
    training: bool = False
    alerts: AlertsFacts | None = None


@dataclass(frozen=True)
class WarehouseLock:
    """What keeps the warehouse file from being read.

    Args:
        pid: the process that has it open, None where DuckDB does not say.
        building: a run is under way that may well be the holder.
    """

    path: Path
    pid: int | None
    problem: str
    building: bool


@dataclass(frozen=True)
class Facts:
    """What was found of the deployment.

    Args:
        replayed: file of the moment that a replay of history has reached, None in the present.
        lost_runs: job by id of the unfinished runs whose process is gone.
        held_slots: pools and ids of the finished runs that still hold a slot of them.
    """

    now: datetime
    dagster_home: Path
    replayed: Path | None = None
    lost_runs: Mapping[str, str] = field(default_factory=dict)
    held_slots: tuple[tuple[str, str], ...] = ()
    lock: WarehouseLock | None = None
    models: tuple[ModelFacts, ...] = ()

    def launch(self, what: str) -> str:
        """Command that runs a job or materialises assets on this deployment."""
        return f"DAGSTER_HOME={self.dagster_home} dg launch {what}"


def diagnose(facts: Facts) -> list[Finding]:
    """All findings, the worst first."""
    found = [*_of_runs(facts), *_of_lock(facts), *_of_clock(facts)]
    for model in facts.models:
        found += [
            *_of_ledger(model),
            *_of_releases(facts, model),
            *_of_windows(facts, model),
            *_of_request(facts, model),
            *(alerts_findings(model.model, model.alerts) if model.alerts else ()),
        ]
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _of_runs(facts: Facts) -> Iterator[Finding]:
    for run_id, job in facts.lost_runs.items():
        yield Finding(
            severity="error",
            what="the process of this run is gone, and the run counts as running",
            where=f"run {run_id[:8]} of {job}",
            cure=HEAL,
        )
    for pool, run_id in facts.held_slots:
        yield Finding(
            severity="error",
            what=f"the finished run {run_id[:8]} still holds a slot, so that others wait for it",
            where=f"pool {pool}",
            cure=HEAL,
        )


def _of_lock(facts: Facts) -> Iterator[Finding]:
    lock = facts.lock
    if lock is None:
        return
    end = f"kill {lock.pid}" if lock.pid else f"fuser {lock.path} names who has it open"
    yield Finding(
        severity="information" if lock.building else "warning",
        what=lock.problem,
        where=str(lock.path),
        cure="none while a build runs" if lock.building else end,
    )


def _of_clock(facts: Facts) -> Iterator[Finding]:
    if facts.replayed is not None:
        yield Finding(
            severity="information",
            what=f"time stands at {facts.now:%Y-%m-%d %H:%M %Z}: history is replayed here",
            where=str(facts.replayed),
            cure="none; `mlops demo` moves it on",
        )


def _of_ledger(model: ModelFacts) -> Iterator[Finding]:
    if model.chain_fault is not None:
        fault = model.chain_fault
        yield Finding(
            severity="error",
            what=f"the row {fault.problem}",
            where=f"ledger, {fault.table} {fault.row}",
            cure="restore the ledger's database from a backup",
        )
        # Nothing is projected from a changed ledger, so its projections come after the cure.
        return
    for projection in model.projection_faults:
        yield Finding(
            severity="error",
            what=_out_of_step(projection),
            where=f"{model.model}, {projection.projection} of the {projection.role}",
            cure="mlops reconcile",
        )


def _out_of_step(fault: ProjectionFault) -> str:
    if fault.projection == "alias":
        return f"says version {fault.found or 'none'}, the ledger says {fault.expected or 'none'}"
    if fault.found is None:
        return "is missing"
    return "is unreadable" if fault.found == "unreadable" else "differs from the ledger"


def _of_releases(facts: Facts, model: ModelFacts) -> Iterator[Finding]:
    champion = model.releases[-1] if model.releases else None
    earlier = previous_champion(model.releases)
    for version, problem in model.damaged.items():
        serves = champion is not None and champion.version == version
        instead = f", or train anew: {facts.launch(f'--job train_{model.model}')}"
        if earlier is not None and earlier.version not in model.damaged:
            instead = f", or mlops rollback {model.model} --reason 'its files are damaged'{instead}"
        yield Finding(
            severity="error" if serves else "warning",
            what=problem,
            where=f"{model.model}, version {version}{', the champion' if serves else ''}",
            cure="restore the registry's artifacts from a backup" + (instead if serves else ""),
        )
    standing = {"release": champion, "challenger for release": model.challenger}
    for role, one in standing.items():
        if one is not None and one.bento_tag is None and not model.training:
            yield Finding(
                severity="error" if one is champion else "warning",
                what="has no Bento, so that it cannot be served",
                where=f"{model.model}, {role} {one.sequence}",
                cure=facts.launch(f"--assets 'key:\"{model.model}/bento\"'"),
            )


def _of_windows(facts: Facts, model: ModelFacts) -> Iterator[Finding]:
    """Only of declared models, and of windows that ended after the first release."""
    if model.spec is None or not model.releases:
        return
    # A replay ticks at the very moment at which it stands.
    grace = timedelta() if facts.replayed else GRACE
    for window in ended_windows(model.spec.window, facts.now - grace):
        if window.ends_at > model.releases[0].released_at:
            yield from _of_window(facts, model, window)
    for name, measured in model.windows.performance.items():
        window = Window(start=measured.start, end=measured.end, timezone=model.spec.window.timezone)
        # The schedule comes once a window, so that one more may pass before it measures again.
        due_at = matures_at(model.spec, window) + (window.end - window.start) + grace
        if not measured.mature and due_at <= facts.now:
            yield Finding(
                severity="warning",
                what="its labels have matured, its performance is still provisional",
                where=f"{model.model}, window {name}",
                cure=_catch_up(
                    facts, f"--assets 'key:\"{model.model}/performance\"' --partition {name}"
                ),
            )


def _of_window(facts: Facts, model: ModelFacts, window: Window) -> Iterator[Finding]:
    if window.name in model.windows.performance:
        return
    scored = window.name in model.windows.scored
    yield Finding(
        severity="warning",
        what="is scored, its performance was not measured" if scored else "is not scored",
        where=f"{model.model}, window {window.name}, ended {window.ends_at:%Y-%m-%d %H:%M %Z}",
        cure=_catch_up(facts, f"--job watch_{model.model} --partition {window.name}"),
    )


def _of_request(facts: Facts, model: ModelFacts) -> Iterator[Finding]:
    if model.request is None or model.training:
        return
    runs, asked = model.request_runs, model.request
    tried = f"its {runs} runs came to no verdict" if runs else "no run was started for it"
    yield Finding(
        severity="warning",
        what=f"a retraining was decided on {asked.made_at:%Y-%m-%d %H:%M %Z}, and {tried}",
        where=f"{model.model}, decision {asked.id} by {asked.actor}",
        cure=_catch_up(facts, f"--job train_{model.model}"),
    )


def _catch_up(facts: Facts, launch: str) -> str:
    """Automation does it once it runs again; the command does it now."""
    automation = "mlops demo" if facts.replayed else "mlops up, with its automation switched on"
    return f"{facts.launch(launch)}   # or {automation}"
