"""policy_backtest: what every retraining policy would have been worth."""

from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable, picture, table
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.backtest.replay import PolicyBacktest, backtest_policies
from mlops_platform.usecases.backtest.report import keep_backtest
from mlops_platform.usecases.deployment import open_deployment


def policy_backtest_asset(
    spec: ModelSpec, features: dg.AssetKey, labels: dg.AssetKey
) -> dg.AssetsDefinition:
    """The past replayed under every policy; materialised on demand."""

    @dg.asset(
        **asset_arguments(
            spec,
            "policy_backtest",
            "The past replayed under every retraining policy and history, with the real label "
            "delay and the decision of production, with and without the gate: quality, "
            "retrainings, CPU time, cost and regret. Recommends one. Materialise it by hand.",
            "scikitlearn",
        ),
        deps=[features, labels],
    )
    @waits_for_locks
    def policy_backtest(context: dg.AssetExecutionContext) -> dg.MaterializeResult[PolicyBacktest]:
        deployment = open_deployment()
        backtest = backtest_policies(deployment, spec, context.log.info)
        pictures = keep_backtest(deployment, backtest)
        return dg.MaterializeResult(
            value=backtest, metadata=browsable(_metadata(backtest, pictures))
        )

    return policy_backtest


def _metadata(backtest: PolicyBacktest, pictures: dict[str, bytes]) -> dict[str, Any]:
    from mlops_platform.monitoring.policy.backtest.report import history_name, table_rows

    recommended = backtest.recommendation
    return {
        "recommended_policy": recommended.policy,
        "recommended_history": history_name(recommended.history_days),
        "probability_cheapest": recommended.probability_cheapest,
        "windows": len(backtest.windows),
        **{name: picture(png, name) for name, png in pictures.items()},
        "policies": table(table_rows(backtest.outcomes)),
    }
