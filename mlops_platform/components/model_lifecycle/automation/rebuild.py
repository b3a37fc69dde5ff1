"""The sensor `rebuild`: asks once a day for a build of what late deliveries have made stale."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Final

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.memory import Memory
from mlops_platform.components.model_lifecycle.automation.requests import ANY_ASSETS
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import UNFINISHED
from mlops_platform.components.model_lifecycle.automation.windows import latest_day
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.data.features.stretches import contiguous
from mlops_platform.usecases.deployment import Deployment, open_deployment

HOUR: Final = 5
"""Local hour after which it is asked for: an hour before windows are scored."""
INTERVAL_SECONDS: Final = 300
MOST_BETWEEN: Final = 14
"""Days that one build may make in vain: it reads a month before its first day anyway, and another
run takes longer."""


class RebuildLook(Memory):
    """What one look leaves to the next.

    Args:
        days: for which it was looked, by the operation that builds a store.
    """

    days: dict[str, date]


def rebuild_sensor(models: Sequence[LifecycleModel]) -> dg.SensorDefinition:
    """One sensor for all: models share the features. On where some model's windows are watched."""
    on = any(model.spec.schedules.windows for model in models)

    @dg.sensor(
        name="rebuild",
        job_name=ANY_ASSETS,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED,
        description=(
            f"After {HOUR}:00 of every day, where the models are: builds again the days that late "
            "deliveries have made stale. On where some model's YAML says `schedules.windows: true`."
        ),
    )
    def look_for_stale_days(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        if not models:
            return dg.SensorResult(skip_reason="No model is declared.")
        deployment, before = open_deployment(), RebuildLook.of(context.cursor)
        looked = before.days if before is not None else {}
        stores, days = stores_of(models), _days(models, deployment)
        due = [
            store for store in stores if looked.get(store.build_op, date.min) < days[store.build_op]
        ]
        if not due:
            latest = max(days.values())
            return dg.SensorResult(skip_reason=f"It was looked for stale days on {latest} already.")
        if any(_is_built_now(context.instance, store) for store in stores):
            return dg.SensorResult(skip_reason="A build runs or is queued.")
        requests = [
            _request(store, first, last, days[store.build_op])
            for store in due
            for first, last in contiguous(_stale_days(deployment, store), MOST_BETWEEN)
        ]
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else "No day is stale.",
            cursor=RebuildLook(days=days).text,
        )

    return look_for_stale_days


def stores_of(models: Sequence[LifecycleModel]) -> list[FeatureStore]:
    """The stores that some models read, each once."""
    return list({model.store.build_op: model.store for model in models}.values())


def _days(models: Sequence[LifecycleModel], deployment: Deployment) -> dict[str, date]:
    """The day that has begun where a store's models are, by the operation that builds it.

    One of the present, as soon as one of them is not replayed.
    """
    days: dict[str, date] = {}
    for model in models:
        day = latest_day(model.spec.window, HOUR, deployment.moment_of(model.name))
        days[model.store.build_op] = max(day, days.get(model.store.build_op, day))
    return days


def _stale_days(deployment: Deployment, store: FeatureStore) -> list[date]:
    state = store.builds(deployment.settings).noticed(datetime.now(UTC))
    return state.stale_days if state else []


def _request(store: FeatureStore, first: date, last: date, due: date) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=f"{store.build_op} {first} to {last}@{due}",
        job_name=ANY_ASSETS,
        asset_selection=list(store.assets),
        run_config=store.build_config(first, last),
    )


def _is_built_now(instance: dg.DagsterInstance, store: FeatureStore) -> bool:
    """Whether a run makes features, or waits to do so, whoever started it."""
    made = set(store.assets)
    runs = instance.get_runs(dg.RunsFilter(statuses=UNFINISHED))
    return any(
        run.job_name == store.build_job or made & set(run.asset_selection or ()) for run in runs
    )
