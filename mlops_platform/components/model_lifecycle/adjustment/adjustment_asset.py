"""adjustment: the constants by which the champion answers, as matured outcomes have moved them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import dagster as dg

from mlops_platform.clock import moment_text
from mlops_platform.components.model_lifecycle.asset_arguments import asset_arguments
from mlops_platform.components.model_lifecycle.presentation import browsable, table
from mlops_platform.components.model_lifecycle.run_facts import actor_of, is_automatic
from mlops_platform.components.stages import STAGE_TAG
from mlops_platform.components.waiting import waits_for_locks
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import AdaptationRule
from mlops_platform.usecases.adjustment.adjust import AdjustedRelease, adjust_release
from mlops_platform.usecases.adjustment.state import AdjustmentState
from mlops_platform.usecases.deployment import Deployment, open_deployment

IS_CURRENT: Final = "adjustment_is_current"
MOST_SHOWN: Final = 28
Row = dict[str, Any]


def adjustment_asset(
    spec: ModelSpec, rule: AdaptationRule, tables: Sequence[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The newest adjustment of the champion; each is a row of the ledger.

    Args:
        tables: features and labels.
    """

    @dg.asset(
        **asset_arguments(
            spec,
            "adjustment",
            "Constants of the champion that follow the outcomes of matured days, without a "
            "release: one numbered row of the ledger a day. Services follow it, and every "
            "prediction carries its number.",
            "python",
        ),
        deps=[*tables, dg.AssetKey([spec.name, "champion"])],
        check_specs=[
            dg.AssetCheckSpec(
                IS_CURRENT,
                asset=[spec.name, "adjustment"],
                description=(
                    f"At most {rule.stale_after_days} days have matured whose outcomes the "
                    "constants in force do not know, and none was passed over because it was "
                    "built after a later one."
                ),
            )
        ],
    )
    @waits_for_locks
    def adjustment(context: dg.AssetExecutionContext) -> Iterator[Any]:
        deployment = open_deployment()
        adjusted = adjust_release(
            deployment,
            spec,
            rule,
            actor_of(context),
            # Who asks for a window does not ask for this.
            automatic=is_automatic(context) or context.run.tags.get(STAGE_TAG) == "watch",
        )
        state = adjusted.state
        yield dg.MaterializeResult(
            value=adjusted,
            data_version=dg.DataVersion(f"{state.release}-{state.number}"),
            metadata=browsable(
                {**_page(adjusted), "latest": table(_latest(deployment, spec, state))}
            ),
            check_results=[_is_current(adjusted)],
        )

    return adjustment


def _page(adjusted: AdjustedRelease) -> dict[str, Any]:
    state = adjusted.state
    return {
        "told": adjusted.reason or state.told,
        "number": state.number,
        "recorded": adjusted.recorded,
        "version": state.version,
        "release": state.release,
        "labels_through": str(state.labels_through),
        "valid_from": str(state.valid_from),
        "behind_days": state.behind_days,
        "passed_over": ", ".join(map(str, adjusted.passed_over)) or "none",
        **state.facts,
        **state.constants,
    }


def _latest(deployment: Deployment, spec: ModelSpec, state: AdjustmentState) -> list[Row]:
    """The latest adjustments of the release, the newest first."""
    written = deployment.ledger.adjustments(spec.name, state.release)
    return [
        {
            "number": adjustment.number,
            "valid from": moment_text(adjustment.valid_from),
            "outcomes through": adjustment.labels_through,
            **adjustment.constants,
            **adjustment.facts,
            "by": adjustment.actor,
        }
        for adjustment in reversed(written[-MOST_SHOWN:])
    ]


def _is_current(adjusted: AdjustedRelease) -> dg.AssetCheckResult:
    state, passed_over = adjusted.state, ", ".join(map(str, adjusted.passed_over))
    standing = f"built too late to be counted: {passed_over}" if passed_over else state.told
    return dg.AssetCheckResult(
        check_name=IS_CURRENT,
        passed=not (state.stale or passed_over),
        severity=dg.AssetCheckSeverity.WARN,
        metadata=browsable(
            {"behind_days": state.behind_days, "reason": adjusted.reason or standing}
        ),
    )
