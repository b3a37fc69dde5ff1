"""registered_version and champion: what passed the gate serves, or is tried first."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from mlops_platform.clock import moment_text
from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments, upstream
from mlops_platform.components.model_lifecycle.candidate.judging_assets import evidence_of
from mlops_platform.components.model_lifecycle.presentation import (
    browsable,
    mlflow_experiment,
    mlflow_run,
    table,
)
from mlops_platform.components.model_lifecycle.run_facts import (
    actor_of,
    is_automatic,
    provenance_of,
)
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.errors import HeldError
from mlops_platform.ledger.records import NewDecision, Release
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import JudgedCandidate
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.release.reconcile import projection_faults
from mlops_platform.usecases.release.register import RegisteredCandidate, register_candidate
from mlops_platform.usecases.release.release import Promotion
from mlops_platform.usecases.rollout.begin import release_or_challenge
from mlops_platform.usecases.version.deployed import DeployedVersion

RELEASE_POOL = "release"
PROJECTIONS = "alias_and_pointer_follow_the_ledger"
CHAIN = "ledger_chain_is_whole"


def registered_version_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The refit, stored and registered; skipped with all that follows where the gate said no."""

    @dg.asset(
        **asset_arguments(
            spec,
            "registered_version",
            "The judged recipe refitted on everything known, with digests, signature, pinned "
            "requirements and provenance. Skipped where the gate did not promote.",
            "mlflow",
        ),
        ins={"gate": upstream(spec, "gate")},
        output_required=False,
    )
    @waits_for_locks
    def registered_version(
        context: dg.AssetExecutionContext, gate: JudgedCandidate
    ) -> Iterator[Any]:
        if gate.verdict.outcome != "promote":
            context.log.info("not registered: %s", gate.verdict.reason)
            return
        deployment = open_deployment()
        registered = register_candidate(deployment, spec, gate, provenance_of(context))
        identity = registered.identity
        yield dg.MaterializeResult(
            value=registered,
            data_version=dg.DataVersion(f"v{identity.version}"),
            metadata=browsable(
                {
                    "verdict": gate.verdict.outcome,
                    "reason": gate.verdict.reason,
                    "version": identity.version,
                    "fitted_through": moment_text(registered.fitted_through),
                    **registered.constants,
                    "mlflow_run": mlflow_run(deployment, identity.run_id),
                    "schema_hash": identity.schema_hash,
                    "digests": dg.MetadataValue.json(identity.digests),
                }
            ),
        )

    return registered_version


def champion_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """The release: decision and champion in one transaction of the ledger; or the trial."""

    @dg.asset(
        **asset_arguments(
            spec,
            "champion",
            "What serves: the newest release of the ledger. Where the YAML says manual, shadow or "
            "canary, a version first waits, or stands beside it, as the challenger. The registry's "
            "aliases and the pointers follow the ledger.",
            "mlflow",
            "sqlite",
        ),
        ins={"registered_version": upstream(spec, "registered_version")},
        pool=RELEASE_POOL,
        output_required=False,
        check_specs=[
            dg.AssetCheckSpec(
                PROJECTIONS,
                asset=[spec.name, "champion"],
                description="MLflow's aliases and the pointers say what the ledger says.",
            ),
            dg.AssetCheckSpec(
                CHAIN,
                asset=[spec.name, "champion"],
                description="No row of the ledger was changed or removed since it was written.",
            ),
        ],
    )
    @waits_for_locks
    def champion(
        context: dg.AssetExecutionContext, registered_version: RegisteredCandidate
    ) -> Iterator[Any]:
        deployment, judged = open_deployment(), registered_version.judged
        decision = NewDecision(
            kind="promote",
            reason=judged.verdict.reason,
            actor=actor_of(context),
            evidence=evidence_of(judged),
        )
        promotion = Promotion(
            model=spec.name,
            identity=registered_version.identity,
            decision=decision,
            expected_sequence=judged.evaluated.champion_sequence,
            automatic=is_automatic(context),
        )
        try:
            standing = release_or_challenge(deployment, promotion, spec.release)
        except HeldError as hold:
            # Since the gate, which would have said so: as there, a normal outcome.
            reason = f"Every criterion passes, but {hold}"
            held = decision.model_copy(update={"kind": "wait", "reason": reason})
            deployment.ledger.record_decision(spec.name, held)
            context.log.info("not released: %s", reason)
            yield from _checked(deployment, spec.name)
            return
        yield dg.MaterializeResult(
            value=standing,
            data_version=dg.DataVersion(f"{standing.role}-{standing.sequence}"),
            metadata=browsable(
                {
                    **_headline(spec, standing, decision),
                    **_figures(judged),
                    "timeline": _timeline(deployment.ledger.releases(spec.name)),
                    "all_runs": mlflow_experiment(deployment, spec.name),
                    "mlflow_run": mlflow_run(deployment, standing.run_id),
                }
            ),
            check_results=_checked(deployment, spec.name),
        )

    return champion


def _checked(deployment: Deployment, model: str) -> list[dg.AssetCheckResult]:
    faults = projection_faults(deployment, model)
    broken = deployment.ledger.verify_chain(model)
    return [
        dg.AssetCheckResult(
            check_name=PROJECTIONS,
            passed=not faults,
            metadata=browsable({"faults": dg.MetadataValue.json([str(fault) for fault in faults])}),
        ),
        dg.AssetCheckResult(
            check_name=CHAIN,
            passed=broken is None,
            metadata=browsable({"fault": str(broken or "none")}),
        ),
    ]


def _headline(spec: ModelSpec, standing: DeployedVersion, decision: NewDecision) -> dict[str, Any]:
    return {
        "decision": decision.kind if standing.role == "champion" else "challenge",
        "reason": decision.reason,
        "version": standing.version,
        "role": standing.role,
        "release": standing.sequence,
        "since": moment_text(standing.since),
        "actor": standing.actor,
    }


def _figures(judged: JudgedCandidate) -> dict[str, Any]:
    """What it was released on."""
    evaluation = judged.evaluated.evaluation
    return {"test_loss": evaluation.loss, "test_baseline_loss": evaluation.baseline_loss}


def _timeline(releases: Sequence[Release]) -> dg.TableMetadataValue:
    """The newest release first."""
    return table(
        [
            {
                "release": release.sequence,
                "version": release.version,
                "kind": release.kind,
                "at": moment_text(release.released_at),
                "by": release.actor,
            }
            for release in reversed(releases)
        ]
    )
