"""online_features: what a service looks up to predict by entity alone, and whether it is fresh."""

import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.online_layout import OnlineExport, is_postgres, shown
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.service.export_online import (
    export_online,
    store_freshness,
)


def online_features_asset(spec: ModelSpec, features: dg.AssetKey) -> dg.AssetsDefinition:
    """The latest features of every entity, indexed by its key."""

    @dg.asset(
        **asset_arguments(
            spec,
            "online_features",
            f"The latest published features of every {spec.features.entity}, replaced whole, for "
            "`/v1/predict_by_entity`.",
            "postgres" if is_postgres(settings().online_store(spec.name)) else "sqlite",
        ),
        deps=[features],
    )
    @waits_for_locks
    def online_features() -> dg.MaterializeResult[OnlineExport]:
        deployment, started = open_deployment(), time.perf_counter()
        location = deployment.settings.online_store(spec.name)
        export = export_online(deployment, spec, datetime.now(UTC))
        return dg.MaterializeResult(
            value=export,
            data_version=dg.DataVersion(f"{export.feature_snapshot[:16]}-{export.as_of:%Y-%m-%d}"),
            metadata=browsable(
                {
                    "dagster/row_count": export.rows,
                    "oldest_event_time": str(export.oldest),
                    "newest_event_time": str(export.newest),
                    "as_of": export.as_of.isoformat(),
                    "store": shown(location),
                    **_size(location),
                    "seconds": time.perf_counter() - started,
                    "feature_snapshot": export.feature_snapshot,
                }
            ),
        )

    return online_features


def online_freshness_check(spec: ModelSpec) -> dg.AssetChecksDefinition:
    """A check of its own, so that it can be evaluated long after the export."""

    @dg.asset_check(
        asset=[spec.name, "online_features"],
        name="online_features_are_fresh",
        description=(
            "The export has rows and is younger than `stale_after_minutes`, by the machine's "
            "clock; services refuse an older one."
        ),
    )
    def online_features_are_fresh() -> dg.AssetCheckResult:
        judged = store_freshness(open_deployment(), spec, datetime.now(UTC))
        age = {} if judged.age_minutes is None else {"age_minutes": judged.age_minutes}
        return dg.AssetCheckResult(
            passed=judged.fresh, metadata=browsable({"reason": judged.reason, **age})
        )

    return online_features_are_fresh


def _size(location: Path | str) -> dict[str, float]:
    if is_postgres(location):
        return {}
    return {"megabytes": Path(location).stat().st_size / 1e6}
