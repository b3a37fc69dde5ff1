"""The sensor `retrain`: asks the policy of every model, and for a retraining once per decision."""

from collections.abc import Sequence
from typing import Final

import dagster as dg

from mlops_platform.clock import aware_moment
from mlops_platform.components.model_lifecycle.automation.model_sensor import (
    Look,
    LookAtModel,
    ModelSensor,
    Tick,
)
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.window_records import recorded_signals
from mlops_platform.ledger.records import Decision
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.ledger.freeze import frozen_by
from mlops_platform.usecases.retraining.attempts import open_request
from mlops_platform.usecases.retraining.crons import due_crons
from mlops_platform.usecases.retraining.decide import (
    TrainingRuns,
    decide_retraining,
    record_policy_decision,
)

DECISION_TAG: Final = "mlops/decision"


def _begin(tick: Tick) -> LookAtModel:
    training = models_at_work(tick.instance, "train", tick.names)

    def look(model: LifecycleModel, memory: str | None) -> Look:
        now = tick.deployment.moment_of(model.name)
        # A first look begins a period: what was due before is not made up for.
        since = aware_moment(memory or "") or now
        ticked = due_crons(model.spec, since, now)
        message, requests = _ask_the_policy(tick, model.spec, model.name in training, ticked)
        return Look(message, requests, memory=now.isoformat())

    return look


RETRAIN: Final = ModelSensor(
    name="retrain",
    description="Retrains when the policy says so; every decision is in the ledger.",
    switch="schedules.retraining",
    is_on=lambda spec: spec.schedules.retraining,
    begin=_begin,
)


def _ask_the_policy(
    tick: Tick, spec: ModelSpec, running: bool, ticked: frozenset[str]
) -> tuple[str, list[dg.RunRequest]]:
    """Why nothing is asked for, or the request for a training."""
    deployment, ledger = tick.deployment, tick.deployment.ledger
    request = open_request(ledger, spec.name)
    runs = len(_runs_of(tick.instance, request))
    abandoned = request is not None and not running and runs >= spec.retraining.max_attempts
    if request is not None and not (running or abandoned or frozen_by(ledger, spec.name)):
        # Decided, but no run got as far as a verdict: the daemon or the run died in between.
        return "", [_run_request(request, runs + 1)]
    decision = decide_retraining(
        deployment, spec, recorded_signals(spec), TrainingRuns(running, abandoned), ticked
    )
    written = record_policy_decision(ledger, spec.name, decision, tick.actor)
    if written is None or written.kind != "retrain":
        return decision.reason, []
    return decision.reason, [_run_request(written, 1)]


def _run_request(decision: Decision, attempt: int) -> dg.RunRequest:
    return stage_request(
        decision.model,
        "train",
        f"decision {decision.id}, attempt {attempt}",
        tags={DECISION_TAG: str(decision.id)},
    )


def _runs_of(instance: dg.DagsterInstance, request: Decision | None) -> Sequence[dg.DagsterRun]:
    if request is None:
        return []
    return instance.get_runs(dg.RunsFilter(tags={DECISION_TAG: str(request.id)}))
