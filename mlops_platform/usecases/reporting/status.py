"""How every model of a deployment is doing, in one record with stable names."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from mlops_platform.ledger.challenger import Mode, standing_challenger
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import ActivationEvent, Decision, DecisionKind, Release
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.monitoring.loss_figures import LossFigures
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.record import Record, left_out_where_empty
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.adjustment.state import AdjustmentState, adjustment_state
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.freeze import frozen_by
from mlops_platform.usecases.ledger.retirement import retired_by
from mlops_platform.usecases.proof.records import Outcome, Proof
from mlops_platform.usecases.reporting.phrases import timezone_of
from mlops_platform.usecases.window.records import ModelWindows


class DecisionStatus(Record):
    """A decision without its evidence."""

    kind: DecisionKind
    made_at: datetime
    actor: str
    reason: str
    window: str | None


class ChampionStatus(Record):
    """What serves, and the decision that made it serve."""

    version: int
    release: int
    since: datetime
    bento: str | None
    decision: DecisionStatus


class ChallengerStatus(Record):
    """What is on trial beside the champion.

    Args:
        share: of the entities that it answers; 0 in the shadow.
        bento: null until it is built; only then is it tried.
    """

    version: int
    mode: Mode
    share: float
    since: datetime
    bento: str | None
    actor: str


class ReportStatus(Record):
    """The newest report of a service's worker about the champion; the ledger may be ahead of it."""

    event: ActivationEvent
    version: int
    release: int
    worker: str
    at: datetime
    detail: str


class WindowStatus(Record):
    """The latest scored window; a figure that there is not is null.

    Args:
        state: `unmeasured` where its run has not got as far as its performance, `empty` where it
            has no rows.
        outcomes_known: share of the rows whose outcome is known.
        losses: of the version that scored it; written under their names.
        change_point: whether the errors of its version had changed by its end.
        drift_share: share of the columns that have drifted.
        drift_alarm: whether a drift check failed; also null where none could be judged.
    """

    name: str
    start: date
    end: date
    state: Literal["unmeasured", "empty", "provisional", "mature"]
    version: int
    release: int
    rows: int
    outcomes_known: float | None
    losses: LossFigures
    change_point: bool | None
    drift_share: float | None
    prediction_drift: float | None
    drift_alarm: bool | None

    @model_serializer(mode="wrap")
    def _flat(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content = serialize(self)
        del content["losses"]
        return {**content, **self.losses.named}


class ProofStatus(Record):
    """What the last proof of the tables of a model has found.

    Args:
        same_project: whether the dbt project is still the one that was proved.
    """

    outcome: Outcome
    proved_at: datetime
    seed: int
    same_project: bool

    @classmethod
    def of(cls, proof: Proof, project: str) -> Self:
        """Of a proof that was kept, beside the digest of today's project."""
        return cls(
            outcome=proof.outcome,
            proved_at=proof.proved_at,
            seed=proof.seed,
            same_project=proof.project == project,
        )


class ModelStatus(Record):
    """One model.

    Args:
        as_of: its present, which is a past one where it is replayed.
        declared: whether a YAML declares it; the ledger also knows models that are gone.
        timezone: zone of its windows.
        adjustment: null where nothing serves, or its constants never change.
        reported: null where no service ever reported to this deployment.
        frozen, retired: decision by which it is so, null where it is not.
        open_pages, open_tickets: incidents that are not over, by severity.
        proof: null where its tables were never proved.
    """

    model: str
    as_of: datetime
    replayed: bool
    declared: bool
    timezone: str
    champion: ChampionStatus | None
    adjustment: AdjustmentState | None
    challenger: ChallengerStatus | None
    reported: ReportStatus | None
    window: WindowStatus | None
    last_decision: DecisionStatus | None
    frozen: DecisionStatus | None
    open_pages: int
    open_tickets: int
    proof: ProofStatus | None = None
    retired: DecisionStatus | None = None


class DeploymentStatus(Record):
    """Every model, at a moment of the machine's clock.

    Args:
        lost: rows that something outside of the ledger names and it has lost, by model; all else is
            told from what is left of it.
    """

    as_of: datetime
    models: tuple[ModelStatus, ...]
    lost: Mapping[str, tuple[str, ...]] = Field(default={}, exclude_if=left_out_where_empty)


def model_status(
    deployment: Deployment,
    model: str,
    spec: ModelSpec | None,
    windows: ModelWindows,
    incidents: Collection[Incident],
) -> ModelStatus:
    """Status of one model from the ledger, the records of its windows, and its incidents.

    Args:
        spec: None where no YAML declares it any more.
    """
    ledger, moment = deployment.ledger, deployment.moment_of(model)
    severities = [incident.severity for incident in incidents if incident.is_open]
    last = ledger.decisions(model, limit=1)
    frozen, release = frozen_by(ledger, model), ledger.current_release(model)
    retired = retired_by(ledger, model)
    return ModelStatus(
        model=model,
        as_of=moment,
        replayed=deployment.is_replayed(model),
        declared=spec is not None,
        timezone=timezone_of(spec),
        champion=_champion(ledger, release) if release else None,
        adjustment=adjustment_state(ledger, spec, release, moment) if spec and release else None,
        challenger=_challenger(ledger, model),
        reported=_reported(ledger, model),
        window=_window(windows),
        last_decision=_decision(last[0]) if last else None,
        frozen=_decision(frozen) if frozen else None,
        open_pages=severities.count("page"),
        open_tickets=severities.count("ticket"),
        retired=_decision(retired) if retired else None,
    )


def _champion(ledger: Ledger, release: Release) -> ChampionStatus:
    decisions = ledger.decisions(release.model, limit=None)
    (cause,) = (decision for decision in decisions if decision.id == release.decision_id)
    return ChampionStatus(
        version=release.version,
        release=release.sequence,
        since=release.released_at,
        bento=release.bento_tag,
        decision=_decision(cause),
    )


def _challenger(ledger: Ledger, model: str) -> ChallengerStatus | None:
    standing = standing_challenger(ledger, model)
    if standing is None:
        return None
    return ChallengerStatus(
        version=standing.version,
        mode=standing.mode,
        share=standing.share,
        since=standing.since,
        bento=standing.bento_tag,
        actor=standing.actor,
    )


def _reported(ledger: Ledger, model: str) -> ReportStatus | None:
    reports = (report for report in ledger.activations(model) if report.role == "champion")
    newest = next(reports, None)
    if newest is None:
        return None
    return ReportStatus(
        event=newest.event,
        version=newest.version,
        release=newest.sequence,
        worker=newest.worker,
        at=newest.happened_at,
        detail=newest.detail,
    )


def _window(windows: ModelWindows) -> WindowStatus | None:
    latest = windows.latest
    if latest is None:
        return None
    scored = windows.scored[latest.name]
    measured, watched = windows.performance.get(latest.name), windows.drift.get(latest.name)
    drift = watched.drift if watched else None
    return WindowStatus.model_validate(
        {
            "name": latest.name,
            "start": latest.start,
            "end": latest.end,
            "state": _window_state(measured),
            "version": scored.version,
            "release": scored.release,
            "rows": scored.rows,
            "outcomes_known": measured.share_known if measured and measured.rows else None,
            "losses": measured.losses if measured else LossFigures(),
            "change_point": measured.change_point if measured else None,
            "drift_share": drift.share_of_columns if drift else None,
            "prediction_drift": drift.prediction if drift else None,
            "drift_alarm": drift.alarm if drift else None,
        }
    )


def _window_state(measured: WindowPerformance | None) -> str:
    if measured is None:
        return "unmeasured"
    if measured.is_empty:
        return "empty"
    return "mature" if measured.mature else "provisional"


def _decision(decision: Decision) -> DecisionStatus:
    return DecisionStatus(**decision.model_dump(include=set(DecisionStatus.model_fields)))
