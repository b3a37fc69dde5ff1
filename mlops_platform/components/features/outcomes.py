"""Turns the outcomes of a dbt build into asset checks and errors."""

from collections.abc import Iterator, Sequence

import dagster as dg

from mlops_platform.data.features.dbt import NodeOutcome
from mlops_platform.errors import WAREHOUSE_IS_LOCKED, DataError, LockedError


def check_results(
    context: dg.AssetExecutionContext, outcomes: Sequence[NodeOutcome]
) -> Iterator[dg.AssetCheckResult]:
    """One result per selected data test that dbt ran."""
    by_id = {outcome.unique_id: outcome for outcome in outcomes if outcome.was_run}
    for spec in context.assets_def.check_specs:
        outcome = by_id.get(spec.metadata.get("dagster_dbt/unique_id", ""))
        if outcome is None or spec.key not in context.selected_asset_check_keys:
            continue
        yield dg.AssetCheckResult(
            asset_key=spec.asset_key,
            check_name=spec.name,
            passed=outcome.succeeded,
            severity=(
                dg.AssetCheckSeverity.WARN
                if outcome.status == "warn"
                else dg.AssetCheckSeverity.ERROR
            ),
            metadata={
                "failing_rows": outcome.failures or 0,
                "seconds": outcome.seconds,
                **({"message": outcome.message} if outcome.message else {}),
            },
        )


def refuse_failures(outcomes: Sequence[NodeOutcome]) -> None:
    """Stop before anything is published where a model or an error-severity test failed.

    Raises:
        DataError: names every failing node and its message.
    """
    failed = [
        outcome for outcome in outcomes if outcome.status in {"error", "fail", "runtime error"}
    ]
    if failed:
        lines = "\n".join(f"- {outcome.unique_id}: {outcome.message}" for outcome in failed)
        locked = all(WAREHOUSE_IS_LOCKED in (outcome.message or "") for outcome in failed)
        raise (LockedError if locked else DataError)(
            f"{len(failed)} dbt nodes failed; nothing was published, training keeps the last good "
            f"data. Fix the data or the model and build these days again.\n{lines}"
        )
