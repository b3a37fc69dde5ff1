"""served_predictions: what the service answered, landed, and proved to be what was judged."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable, place
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment
from mlops_platform.usecases.service.land_served import LandedPredictions, land_served
from mlops_platform.usecases.service.record_activations import record_activations

SERVED_AS_OFFLINE = "served_as_offline"
EVERY_LINE_LANDED = "every_line_landed"


def served_predictions_asset(spec: ModelSpec) -> dg.AssetsDefinition:
    """Every logged prediction, once, by day."""

    @dg.asset(
        **asset_arguments(
            spec,
            "served_predictions",
            "Every answer that the service logged, landed once as Parquet by UTC day, with its "
            "features, release, role and latency. What landed last is scored again offline.",
            "parquet",
        ),
        # The log's files come from outside; what they must agree with is the champion.
        deps=[dg.AssetKey([spec.name, "champion"])],
        check_specs=[
            dg.AssetCheckSpec(
                SERVED_AS_OFFLINE,
                asset=[spec.name, "served_predictions"],
                blocking=True,
                description="Served probabilities equal those of the released pipeline offline.",
            ),
            dg.AssetCheckSpec(
                EVERY_LINE_LANDED,
                asset=[spec.name, "served_predictions"],
                description="No line of the log was malformed; such are kept in `quarantine/`.",
            ),
        ],
    )
    @waits_for_locks
    def served_predictions() -> Iterator[Any]:
        deployment = open_deployment()
        landed = land_served(deployment, spec, datetime.now(UTC))
        # `mlops serve` does so by itself; a service that was started otherwise cannot.
        record_activations(deployment, spec.name)
        yield dg.MaterializeResult(
            value=landed,
            metadata=browsable(_headline(landed)),
            check_results=[_parity_result(landed), _lines_result(landed)],
        )

    return served_predictions


def _headline(landed: LandedPredictions) -> dict[str, Any]:
    landing, parity = landed.landing, landed.parity
    return {
        "dagster/row_count": landing.rows,
        "files": len(landing.files),
        "malformed_lines": landing.malformed,
        "log_files_deleted": len(landing.deleted),
        "parity_rows": parity.compared,
        "parity_max_difference": parity.max_difference,
        "path": place(landed.folder),
    }


def _parity_result(landed: LandedPredictions) -> dg.AssetCheckResult:
    parity = landed.parity
    return dg.AssetCheckResult(
        check_name=SERVED_AS_OFFLINE,
        passed=parity.passed,
        metadata=browsable(
            {
                "reason": parity.reason,
                "rows": parity.rows,
                "compared": parity.compared,
                "left_out": parity.left_out,
                "versions": ", ".join(map(str, parity.versions)),
                "max_difference": parity.max_difference,
            }
        ),
    )


def _lines_result(landed: LandedPredictions) -> dg.AssetCheckResult:
    landing = landed.landing
    return dg.AssetCheckResult(
        check_name=EVERY_LINE_LANDED,
        passed=not landing.malformed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=browsable({"malformed": landing.malformed, "reasons": "; ".join(landing.reasons)}),
    )
