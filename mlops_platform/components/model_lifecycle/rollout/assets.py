"""rollout: the verdict on a challenger, from matured labels and served predictions."""

from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable, mlflow_run, table
from mlops_platform.components.model_lifecycle.release.release_assets import RELEASE_POOL
from mlops_platform.components.model_lifecycle.run_facts import actor_of, is_automatic
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.errors import HeldError
from mlops_platform.ledger.challenger import Challenger, standing_challenger
from mlops_platform.ledger.records import Release
from mlops_platform.monitoring.rollout.rollout import RolloutEvidence, RolloutVerdict
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.rollout.judge import (
    conclude,
    gather_evidence,
    judge_challenger,
    waiting,
)


def rollout_asset(spec: ModelSpec, labels: dg.AssetKey) -> dg.AssetsDefinition:
    """Promote, abort or wait; without a challenger it says so."""

    @dg.asset(
        **asset_arguments(
            spec,
            "rollout",
            "The verdict on the challenger: what it and the champion answered, joined with matured "
            "labels, and its service objectives. It promotes or aborts through the ledger.",
            "python",
        ),
        deps=[
            labels,
            dg.AssetKey([spec.name, "champion"]),
            dg.AssetKey([spec.name, "served_predictions"]),
        ],
        pool=RELEASE_POOL,
    )
    @waits_for_locks
    def rollout(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        deployment = open_deployment()
        ledger, now = deployment.ledger, deployment.moment_of(spec.name)
        challenger = standing_challenger(ledger, spec.name)
        if challenger is None:
            return dg.MaterializeResult(metadata=browsable({"reason": "Nothing is on trial."}))
        if not challenger.is_tried:
            return dg.MaterializeResult(metadata=browsable({"reason": f"{challenger.told}."}))
        evidence = gather_evidence(deployment, spec, challenger, now)
        automatic, actor = is_automatic(context), actor_of(context)
        verdict = judge_challenger(spec, ledger, evidence, now, automatic=automatic)
        try:
            release = conclude(deployment, challenger, verdict, actor, automatic=automatic)
        except HeldError as hold:
            verdict = waiting(verdict, str(hold))
            release = conclude(deployment, challenger, verdict, actor, automatic=automatic)
        if release is not None:
            context.log_event(_promoted(deployment, release))
        return dg.MaterializeResult(metadata=browsable(_shown(challenger, evidence, verdict)))

    return rollout


def _promoted(deployment: Deployment, release: Release) -> dg.AssetMaterialization:
    """The champion's own page tells of the promotion as well."""
    return dg.AssetMaterialization(
        asset_key=[release.model, "champion"],
        metadata=browsable(
            {
                "version": release.version,
                "role": "champion",
                "release": release.sequence,
                "actor": release.actor,
                "mlflow_run": mlflow_run(deployment, release.run_id),
            }
        ),
    )


def _shown(
    challenger: Challenger, evidence: RolloutEvidence, verdict: RolloutVerdict
) -> dict[str, Any]:
    figures = [{"figure": name, "value": value} for name, value in evidence.figures.items()]
    return {
        "verdict": verdict.kind,
        "reason": verdict.reason,
        "version": challenger.version,
        "mode": challenger.mode,
        "on_trial_since": challenger.since.isoformat(timespec="seconds"),
        "figures": table(figures),
    }
