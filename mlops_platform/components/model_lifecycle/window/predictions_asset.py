"""predictions: what a model said in one window, scored afterwards or as it was served."""

from dataclasses import replace
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable, place
from mlops_platform.components.partitions import window_partitions
from mlops_platform.components.record_io_manager import partition_record
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.data.windows import Window, window_named
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.version.champion import load_release
from mlops_platform.usecases.window.empty import has_rows, record_empty
from mlops_platform.usecases.window.score import ScoredWindow, responsible_release, score_window
from mlops_platform.usecases.window.served import take_served_window

EMPTY: Final = "its days were built, and there was nothing to score"


def predictions_asset(spec: ModelSpec, features: dg.AssetKey) -> dg.AssetsDefinition:
    """One row per entity of a window, with the version that scored it."""
    key = dg.AssetKey([spec.name, "predictions"])
    before = ["served_predictions" if spec.window.source == "served" else "champion"]
    if spec.task.adaptation_rule is not None:
        before.append("adjustment")

    @dg.asset(
        **asset_arguments(
            spec,
            "predictions",
            _predictions_text(spec),
            "parquet",
        ),
        partitions_def=window_partitions(spec.window),
        deps=[features, *(dg.AssetKey([spec.name, name]) for name in before)],
    )
    @waits_for_locks
    def predictions(context: dg.AssetExecutionContext) -> dg.MaterializeResult[ScoredWindow]:
        deployment = open_deployment()
        window, scored = window_named(spec.window, context.partition_key), None
        if spec.window.source == "served":
            scored = take_served_window(deployment, spec, window)
        if scored is None:
            first = partition_record(key, window.name, ScoredWindow)
            scored = _scored(deployment, spec, window, first)
        return dg.MaterializeResult(
            value=scored,
            data_version=dg.DataVersion(f"{scored.feature_snapshot[:16]}-{scored.release}"),
            metadata=browsable(
                {
                    "dagster/row_count": scored.rows,
                    "window": window.name,
                    **({"empty": EMPTY} if scored.is_empty else {}),
                    **{f"mean_{name}": mean for name, mean in scored.means.items()},
                    **({"unchanged": scored.unchanged} if scored.unchanged else {}),
                    "version": scored.version,
                    "release": scored.release,
                    "source": scored.source,
                    **({} if scored.is_empty else {"path": place(scored.path)}),
                    "feature_snapshot": scored.feature_snapshot,
                }
            ),
        )

    return predictions


def _predictions_text(spec: ModelSpec) -> str:
    if spec.window.source == "served":
        return (
            f"The answer that counts for every {spec.features.entity} of a window, as the service "
            "gave it; scored afterwards where no champion answered, as before there was a service."
        )
    if not spec.features.has_event_time:
        return (
            f"Every {spec.features.entity} that landed in a window and is new, or has changed "
            "since it landed before, scored by the release that is responsible for the window."
        )
    return (
        f"Every {spec.features.entity} of a window scored by the release that is responsible for "
        "it, from the features as they were at its own event time."
    )


def _scored(
    deployment: Deployment, spec: ModelSpec, window: Window, first: ScoredWindow | None
) -> ScoredWindow:
    release = responsible_release(deployment.ledger, spec.name, first)
    champion = load_release(deployment.registry, release)
    # Whatever the YAML says by now: services follow what the ledger has.
    adjustments = deployment.ledger.adjustments(spec.name, release.sequence)
    # Scored again, a window stays with what was known when it was scored first.
    known = None if first is None else first.adjustments
    champion = replace(champion, adjustments=adjustments[:known])
    if not has_rows(deployment, spec, window):
        return record_empty(deployment, spec, window, champion)
    lake = deployment.settings
    return score_window(
        spec, window, champion, lake.published, lake.predictions, deployment.moment_of(spec.name)
    )
