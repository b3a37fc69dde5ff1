"""Where the demo has run: a second model through its past, then one of one's own in the present."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import duckdb
from rich.console import Console

from mlops_platform.cli.progress import ConsoleDisplay
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.lifecycle import build_lifecycle
from mlops_platform.components.model_lifecycle.lifecycle_model import FeatureStore, LifecycleModel
from mlops_platform.components.models import declared_lifecycle
from mlops_platform.components.record_io_manager import RecordIOManager
from mlops_platform.data.features.published import publish_table
from mlops_platform.definitions import defs
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.instance import open_quiet_instance
from mlops_platform.driving.phases import Phases
from mlops_platform.replay.replayed_model import ReplayedModel, windows_from
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec

SECOND, DAY = "arrival_delay", date(2013, 1, 28)
OWN = "returns"
LEFT_OUT = ("model_card", "bento")
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
KEYS = {table: dg.AssetKey(["features", table]) for table in ("visits", "visit_outcomes")}
SPEC = ModelSpec.model_validate(
    {
        "name": OWN,
        "description": "Will the visitor come back?",
        "owners": ["team:shop"],
        "features": {"table": "visits", "entity": "visit_id", "numeric": ["minutes"]},
        "label": {"table": "visit_outcomes", "column": "came_back"},
        "window": {"cadence": "daily", "start": str((TODAY - timedelta(days=5)).date())},
        "training": {
            "history": {"split": {"validation_days": 7, "test_days": 7}},
            "tuning": {"trials": 1, "folds": 2},
            "candidates": [
                {
                    "name": "logistic_regression",
                    "preprocessing": [{"columns": "numeric"}],
                    "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
                }
            ],
        },
        "evaluation": {"permutation_rows": 100},
        "gate": {"max_row_cpu_milliseconds": 1000},
        "card": {"intended_use": "Tests.", "out_of_scope": "Everything else."},
    }
)


def replay_the_second(instance: dg.DagsterInstance) -> None:
    """One week of it; it begins before the moment that the demo has reached."""
    model = declared_lifecycle(SECOND)
    phases = Phases(Path("seconds.json"), ConsoleDisplay(Console()))
    replayed = ReplayedModel(JobDriver(defs(), instance), phases, model)
    replayed.start_on(DAY)
    replayed.catch_up()
    replayed.release_first_champion()
    for window in windows_from(model.spec, DAY, 1):
        replayed.live_through(window)
    replayed.export_online()


def train_ones_own(instance: dg.DagsterInstance) -> None:
    """On visits of the last sixty days, of which all outcomes are known."""
    warehouse = settings().home / "own.duckdb"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(
            "CREATE TABLE visits AS SELECT 'v' || n AS visit_id, "
            "$today - to_days(60) + to_minutes(n * 36) AS event_time, "
            "CAST(event_time AS DATE) AS local_date, CAST(hash(n) % 60 AS DOUBLE) AS minutes "
            "FROM range(60 * 40) AS numbers (n)",
            {"today": TODAY},
        )
        connection.execute(
            "CREATE TABLE visit_outcomes AS SELECT visit_id, local_date, "
            "minutes > 30 AS came_back, event_time + to_minutes(10) AS known_at FROM visits"
        )
    for table in KEYS:
        publish_table(warehouse, table, "local_date", settings().published, ["visit_id"])
    model = LifecycleModel(SPEC, FeatureStore(KEYS, tuple(KEYS.values()), build_op="none"))
    resources = dg.Definitions(resources={"io_manager": RecordIOManager()})
    driver = JobDriver(dg.Definitions.merge(resources, build_lifecycle(model)), instance)
    request = stage_request(OWN, "train")
    selected = [key for key in request.asset_selection or () if key.path[-1] not in LEFT_OUT]
    driver.execute(request.with_replaced_attrs(asset_selection=selected))


if __name__ == "__main__":
    with open_quiet_instance() as opened:
        replay_the_second(opened)
        train_ones_own(opened)
