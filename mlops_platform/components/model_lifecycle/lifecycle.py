"""The asset graph, the jobs and the automation of one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from mlops_platform.components.model_lifecycle.automation import (
    periodic_retraining,
    retraining_sensor,
    window_schedule,
)
from mlops_platform.components.model_lifecycle.backtest_asset import backtest_definitions
from mlops_platform.components.model_lifecycle.candidate.judging_assets import (
    evaluation_asset,
    gate_asset,
)
from mlops_platform.components.model_lifecycle.candidate.training_assets import (
    candidate_asset,
    training_set_asset,
)
from mlops_platform.components.model_lifecycle.incidents.sensor import Surroundings, alert_sensor
from mlops_platform.components.model_lifecycle.release.delivery_assets import (
    bento_asset,
    model_card_asset,
)
from mlops_platform.components.model_lifecycle.release.release_assets import (
    champion_asset,
    registered_version_asset,
)
from mlops_platform.components.model_lifecycle.rollout.assets import rollout_definitions
from mlops_platform.components.model_lifecycle.service.online_assets import (
    online_assets,
    online_upkeep,
)
from mlops_platform.components.model_lifecycle.service.served_assets import (
    served_predictions_asset,
    served_upkeep,
)
from mlops_platform.components.model_lifecycle.window.drift_asset import drift_report_asset
from mlops_platform.components.model_lifecycle.window.performance_asset import performance_asset
from mlops_platform.components.model_lifecycle.window.predictions_asset import predictions_asset
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.incidents.heartbeats import HEARTBEATS


@dataclass(frozen=True)
class FeatureStore:
    """What a model needs to know of the dbt assets that it reads.

    Args:
        tables: asset of each published table.
        assets: every asset that a build makes.
        build_op: name of the op that builds them; its configuration names days.
    """

    tables: Mapping[str, dg.AssetKey]
    assets: Sequence[dg.AssetKey]
    build_op: str


def build_lifecycle(spec: ModelSpec, store: FeatureStore) -> dg.Definitions:
    """Assets, checks, jobs, schedules and the sensor of one model."""
    features, labels = store.tables[spec.features.table], store.tables[spec.label.table]
    training = [
        training_set_asset(spec, [features, labels]),
        candidate_asset(spec),
        evaluation_asset(spec),
        gate_asset(spec),
        registered_version_asset(spec),
        champion_asset(spec),
        model_card_asset(spec),
        bento_asset(spec),
    ]
    watching = [
        predictions_asset(spec, features),
        drift_report_asset(spec),
        performance_asset(spec, labels),
    ]
    online = online_assets(spec, features)
    served = served_predictions_asset(spec)
    landed_first = [served] if spec.window.source == "served" else []
    train = dg.define_asset_job(
        f"train_{spec.name}",
        selection=dg.AssetSelection.assets(*training),
        description=(
            f"Trains and judges a candidate of {spec.name}; one that passes the gate is released, "
            "documented and packaged. Losing is a normal outcome: the run succeeds."
        ),
    )
    watch = dg.define_asset_job(
        f"watch_{spec.name}",
        selection=dg.AssetSelection.assets(*store.assets, *landed_first, *watching),
        description=(
            f"Builds the features of one window, scores it with the champion of {spec.name}, and "
            "reports its drift and its performance."
        ),
    )
    own = dg.Definitions(
        assets=[*training, served, *watching, *online],
        jobs=[train, watch],
        schedules=[window_schedule(spec, store.build_op), *periodic_retraining(spec)],
        sensors=[retraining_sensor(spec)],
    )
    acting = dg.Definitions.merge(
        own,
        online_upkeep(spec),
        served_upkeep(spec),
        rollout_definitions(spec, labels),
        backtest_definitions(spec, features, labels),
    )
    return dg.Definitions.merge(acting, _watching_over(spec, acting, store))


def alerting_names(lifecycle: dg.Definitions) -> list[str]:
    """Names of the checks, jobs and arrivals that an alert can be about."""
    checks = [
        key.name
        for asset in (*(lifecycle.assets or ()), *(lifecycle.asset_checks or ()))
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.check_keys
    ]
    return [*checks, *(job.name for job in lifecycle.jobs or ()), *HEARTBEATS]


def _watching_over(spec: ModelSpec, acting: dg.Definitions, store: FeatureStore) -> dg.Definitions:
    """The alerts about all that acts for a model."""
    around = Surroundings(
        jobs=[job.name for job in acting.jobs or ()],
        sensors=[sensor.name for sensor in acting.sensors or ()],
        tables=frozenset(store.assets),
    )
    return dg.Definitions(sensors=[alert_sensor(spec, around)])
