"""The asset graph of one model."""

import dagster as dg

from mlops_platform.components.model_lifecycle.adjustment.adjustment_asset import adjustment_asset
from mlops_platform.components.model_lifecycle.backtest_asset import policy_backtest_asset
from mlops_platform.components.model_lifecycle.candidate.judging_assets import (
    evaluation_asset,
    gate_asset,
)
from mlops_platform.components.model_lifecycle.candidate.training_assets import (
    candidate_asset,
    training_set_asset,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.release.delivery_assets import (
    bento_asset,
    model_card_asset,
)
from mlops_platform.components.model_lifecycle.release.release_assets import (
    champion_asset,
    registered_version_asset,
)
from mlops_platform.components.model_lifecycle.rollout.assets import rollout_asset
from mlops_platform.components.model_lifecycle.service.online_assets import (
    online_features_asset,
    online_freshness_check,
)
from mlops_platform.components.model_lifecycle.service.served_assets import (
    served_predictions_asset,
)
from mlops_platform.components.model_lifecycle.window.drift_asset import drift_report_asset
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_asset
from mlops_platform.components.model_lifecycle.window.predictions_asset import predictions_asset
from mlops_platform.components.stages import STAGE_ASSETS
from mlops_platform.usecases.incidents.heartbeats import HEARTBEATS


def build_lifecycle(model: LifecycleModel) -> dg.Definitions:
    """Assets and checks of one model; what runs them is shared by all models."""
    spec, tables = model.spec, model.store.tables
    features, labels = tables[spec.features.table], tables[spec.label.table]
    kpi = spec.monitoring.kpi
    outcomes = list(dict.fromkeys([labels, *([] if kpi is None else [tables[kpi.table]])]))
    rule = spec.task.adaptation_rule
    has_online_store = spec.serving.online_store is not None
    return dg.Definitions(
        assets=[
            training_set_asset(spec, [features, labels]),
            candidate_asset(spec),
            evaluation_asset(spec),
            gate_asset(spec),
            registered_version_asset(spec),
            champion_asset(spec),
            model_card_asset(spec),
            bento_asset(spec),
            *([] if rule is None else [adjustment_asset(spec, rule, [features, labels])]),
            served_predictions_asset(spec),
            predictions_asset(spec, features),
            drift_report_asset(spec),
            performance_asset(spec, outcomes),
            rollout_asset(spec, labels),
            *(
                [policy_backtest_asset(spec, features, labels)]
                if spec.features.has_event_time
                else []
            ),
            *([online_features_asset(spec, features)] if has_online_store else []),
        ],
        asset_checks=[online_freshness_check(spec)] if has_online_store else [],
    )


def alerting_names(lifecycle: dg.Definitions) -> list[str]:
    """Names of the checks, stages and arrivals that an alert can be about."""
    checks = [
        key.name
        for asset in (*(lifecycle.assets or ()), *(lifecycle.asset_checks or ()))
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.check_keys
    ]
    return [*checks, *STAGE_ASSETS, *HEARTBEATS]
