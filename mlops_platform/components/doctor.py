"""Reads the state of this deployment for the diagnosis; changes nothing."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import dagster as dg
import psutil

from mlops_platform.artifacts.digests import verify_directory
from mlops_platform.components.instance import UNFINISHED, dead_slots, orphaned_runs
from mlops_platform.components.known_models import known_models
from mlops_platform.components.model_lifecycle.automation.retraining import DECISION_TAG
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.record_files import record_file
from mlops_platform.components.registry_runs import dead_registry_runs
from mlops_platform.components.window_records import recorded_windows
from mlops_platform.data.features.builds import readable_states
from mlops_platform.data.features.seen import look, news
from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.landed_table import read_state
from mlops_platform.data.landing.verification import day_problem, foreign_files
from mlops_platform.errors import WAREHOUSE_IS_LOCKED, ArtifactError, RegistryError, is_of_a_server
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.ledger.records import Decision, Release
from mlops_platform.monitoring.alerting.notices import undelivered
from mlops_platform.registry.registry import Registry
from mlops_platform.serving.packing.processes import left_servers
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.state import adjustment_state
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.alerts import AlertsFacts
from mlops_platform.usecases.diagnosis.disk import faults_of_disks
from mlops_platform.usecases.diagnosis.facts import Facts, ModelFacts, WarehouseLock
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.landing import LandingFacts
from mlops_platform.usecases.diagnosis.looking import Looks
from mlops_platform.usecases.diagnosis.published import damaged_tables
from mlops_platform.usecases.diagnosis.releases import fault_of_lost_ledger
from mlops_platform.usecases.diagnosis.running import COMMAND_CHARACTERS
from mlops_platform.usecases.incidents.acknowledge import incidents_in
from mlops_platform.usecases.ledger.anchors import (
    known_somewhere,
    lost_ledger,
    lost_releases,
    lost_rows,
)
from mlops_platform.usecases.ledger.retirement import retired_by
from mlops_platform.usecases.ledger.suggestion import open_suggestion
from mlops_platform.usecases.release.reconcile import projection_faults
from mlops_platform.usecases.retraining.attempts import open_request
from mlops_platform.usecases.version.packed import bento_problem
from mlops_platform.usecases.window.maturity import measured_labels_through
from mlops_platform.usecases.window.records import ModelWindows


def examine(deployment: Deployment, instance: dg.DagsterInstance | None) -> Facts:
    """Everything that the diagnosis wants to know; what cannot be looked at is told in it.

    Args:
        instance: None where it cannot be opened.
    """
    place = deployment.settings
    looks = Looks(place.home)
    disks = looks.at("disks", lambda: list(faults_of_disks(place.home)), list[Fault]())
    lost: dict[str, str] = {}
    dead: dict[str, str] = {}
    slots: list[tuple[str, str]] = []
    building = False
    if instance is not None:
        lost = looks.at("runs", lambda: _lost_runs(instance), lost)
        dead = looks.at(
            "MLflow's runs", lambda: dead_registry_runs(deployment.registry, instance), dead
        )
        slots = looks.at("pools", lambda: dead_slots(instance), slots)
        building = looks.at("runs", lambda: _runs_now(instance, lost), building)
    known: dict[str, ModelSpec | None] = {}
    if (gone := looks.at("ledger", lambda: lost_ledger(deployment), None)) is not None:
        looks.add(fault_of_lost_ledger(gone))
    else:
        known = looks.at("ledger", lambda: dict.fromkeys(known_somewhere(deployment)), known)
        known |= looks.at("models", lambda: known_models(deployment.ledger), known)
    examined = [
        looks.at(name, partial(_examine_model, looks, deployment, name, spec, instance), None)
        for name, spec in known.items()
    ]
    return Facts(
        now=datetime.now(UTC),
        dagster_home=place.dagster_home,
        bentos=place.bentoml_home,
        lost_runs=lost,
        dead_registry_runs=dead,
        held_slots=tuple(slots),
        left_servers=looks.at("processes", lambda: left_servers(place.bentoml_home), {}),
        lock=looks.at(
            "warehouse", lambda: warehouse_lock(place.warehouse, building=building), None
        ),
        landing=looks.at("landing", lambda: examine_landing(place.landing, place.published), None),
        damaged_tables=looks.at("published tables", lambda: damaged_tables(place.published), {}),
        models=tuple(model for model in examined if model is not None),
        unseen=(*disks, *looks.failed),
    )


def _lost_runs(instance: dg.DagsterInstance) -> dict[str, str]:
    return {run.run_id: run.job_name for run in orphaned_runs(instance)}


def examine_landing(landing: Path, published: Path) -> LandingFacts:
    """What is wrong with what has landed; verifies what no build has seen, and repeated days."""
    states, unread = readable_states(landing, published)
    before = {table: days for state in states for table, days in state.seen.items()}
    tables = [path.name for path in landing.glob("[!.]*") if path.is_dir()]
    now = look(landing, {*tables, *before}, before)
    verified = [
        (table, day)
        for table, days in now.items()
        for day in (
            set(read_state(landing / table).redelivered) & days.keys()
            | {
                day
                for day, seen in days.items()
                if table not in before
                or day not in before[table]
                or before[table][day].deliveries != seen.deliveries
            }
        )
    ]
    stale = tuple(noticed for state in states for noticed in state.stale)
    happened = [*(noticed.is_of for noticed in stale), *news(before, now)] if states else []
    return LandingFacts(
        root=landing,
        stale=stale,
        vanished={
            gone: gone.day not in now.get(gone.table, {})
            for gone in happened
            if gone.happened == "vanished"
        },
        damaged={
            day_folder(landing, table, day): problem
            for table, day in sorted(verified)
            if (problem := day_problem(landing, table, day)) is not None
        },
        foreign=Counter(file.parent.parent.name for file in foreign_files(landing)),
        unread_builds=unread,
    )


def warehouse_lock(warehouse: Path, *, building: bool) -> WarehouseLock | None:
    """Who has the warehouse file open for writing; None where nobody has.

    Args:
        building: a run is under way.
    """
    import duckdb

    if not warehouse.is_file():
        return None
    try:
        duckdb.connect(str(warehouse), read_only=True).close()
    except duckdb.Error as error:
        named = re.search(r"\(PID (\d+)\)", str(error))
        pid = int(named.group(1)) if named else None
        problem = (
            f"the warehouse is locked by process {pid}: {_command(pid)}"
            if pid
            else f"the warehouse cannot be read: {error}"
        )
        damaged = WAREHOUSE_IS_LOCKED not in str(error) and pid is None
        return WarehouseLock(warehouse, pid, problem, building, damaged)
    return None


def damaged_versions(
    registry: Registry, releases: Sequence[Release | Challenger]
) -> dict[int, str]:
    """What is wrong with the files of released versions or of a challenger, by version."""
    return {
        version: problem
        for version, release in {release.version: release for release in releases}.items()
        if (problem := _damage(registry, release)) is not None
    }


def _damage(registry: Registry, release: Release | Challenger) -> str | None:
    try:
        with registry.fetched_version(release.model, release.version) as fetched:
            verify_directory(fetched.directory, release.digests)
    except (RegistryError, ArtifactError) as error:
        if is_of_a_server(error):
            raise
        return str(error)
    return None


def _examine_model(
    looks: Looks,
    deployment: Deployment,
    name: str,
    spec: ModelSpec | None,
    instance: dg.DagsterInstance | None,
) -> ModelFacts:
    ledger = deployment.ledger
    releases = tuple(ledger.releases(name))
    challenger = standing_challenger(ledger, name)
    on_trial = () if challenger is None else (challenger,)
    request = open_request(ledger, name)
    windows = looks.at(f"{name}, records", lambda: recorded_windows(name), None)
    return ModelFacts(
        model=name,
        spec=spec,
        now=deployment.moment_of(name),
        retired=retired_by(ledger, name) is not None,
        replayed=(deployment.settings.replay_clock(name) if deployment.is_replayed(name) else None),
        releases=releases,
        challenger=challenger,
        windows=windows,
        labels_through=_labels_through(deployment, spec, windows),
        chain_fault=ledger.verify_chain(name),
        bento_problem=bento_problem(deployment.settings, releases[-1]) if releases else None,
        lost=(*lost_rows(deployment, name), *lost_releases(deployment, name)),
        projection_faults=tuple(projection_faults(deployment, name)),
        damaged=damaged_versions(deployment.registry, (*releases, *on_trial)),
        request=request,
        suggestion=open_suggestion(ledger, name),
        request_runs=0 if instance is None else _count_runs(instance, request),
        adjustment=(
            adjustment_state(ledger, spec, releases[-1], deployment.moment_of(name))
            if spec and releases
            else None
        ),
        training=instance is not None and name in models_at_work(instance, "train", {name}),
        proved=record_file([name, "bento"]).is_file(),
        alerts=_examine_alerts(deployment, name, spec),
    )


def _labels_through(
    deployment: Deployment, spec: ModelSpec | None, windows: ModelWindows | None
) -> datetime | None:
    if spec is None or windows is None or not windows.performance:
        return None
    moment = deployment.moment_of(spec.name)
    return measured_labels_through(deployment.settings, spec, windows.performance, moment)


def _examine_alerts(deployment: Deployment, name: str, spec: ModelSpec | None) -> AlertsFacts:
    beat = deployment.settings.alerts_metrics(name)
    incidents = incidents_in(deployment.incident_log, name)
    channels = [channel.name for channel in spec.alerting.channels] if spec else []
    return AlertsFacts(
        machine_now=datetime.now(UTC),
        tickets=deployment.settings.tickets(name),
        expected=spec is not None and spec.schedules.alerts,
        ticked_at=datetime.fromtimestamp(beat.stat().st_mtime, UTC) if beat.is_file() else None,
        open=tuple(incident for incident in incidents.values() if incident.is_open),
        waiting={
            channel: len(waiting) for channel, waiting in undelivered(incidents, channels).items()
        },
    )


def _count_runs(instance: dg.DagsterInstance, request: Decision | None) -> int:
    if request is None:
        return 0
    return instance.get_runs_count(dg.RunsFilter(tags={DECISION_TAG: str(request.id)}))


def _runs_now(instance: dg.DagsterInstance, lost: dict[str, str]) -> bool:
    unfinished = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    return any(run.run_id not in lost for run in unfinished)


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:COMMAND_CHARACTERS]
    except psutil.Error:
        return "gone meanwhile, or of another user"
