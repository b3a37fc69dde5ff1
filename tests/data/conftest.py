"""A small published world: visits to a hospital in March 2024, and what became known of them."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from mlops_platform.data.features.published import PublishedTable, publish_table
from mlops_platform.spec import ModelSpec

VISITS = """
CREATE TABLE visits AS
SELECT
    'v' || visit AS visit_id,
    TIMESTAMPTZ '2024-03-01 09:00:00+00' + to_hours(visit * 6) AS event_time,
    event_time::DATE AS local_date,
    visit % 7 AS age,
    (visit % 3) * 0.5 AS pain,
    CASE visit % 2 WHEN 0 THEN 'north' END AS ward,
    'g' || (visit % 2) AS sex
FROM range(40) AS visits (visit)
"""
LABELS = """
CREATE TABLE visit_labels AS
SELECT
    visit_id,
    local_date,
    age > 3 AS returned,
    event_time + INTERVAL 2 DAY AS known_at
FROM visits
"""
MODEL: dict[str, Any] = {
    "name": "readmission",
    "description": "Will the patient return?",
    "owners": ["team:ward"],
    "features": {
        "table": "visits",
        "entity": "visit_id",
        "numeric": ["age", "pain"],
        "categorical": ["ward"],
        "sensitive": ["sex"],
    },
    "label": {"table": "visit_labels", "column": "returned"},
    "window": {"start": date(2024, 3, 4)},
    "training": {
        "history": {"split": {"validation_days": 2, "test_days": 2}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}, {"columns": "categorical"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
    },
    "card": {"intended_use": "Tests.", "out_of_scope": "Patients."},
}

RunSql = Callable[..., None]
Publish = Callable[[], dict[str, PublishedTable]]


@pytest.fixture
def spec() -> ModelSpec:
    return ModelSpec.model_validate(MODEL)


@pytest.fixture
def model() -> Callable[[dict[str, Any]], ModelSpec]:
    """Another model: the given sections replace those of the first."""
    return lambda sections: ModelSpec.model_validate(MODEL | sections)


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
def run_sql(tmp_path: Path) -> RunSql:
    """Run statements in the warehouse, as dbt would."""

    def run(*statements: str) -> None:
        with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for statement in statements:
                connection.execute(statement)

    run(VISITS, LABELS)
    return run


@pytest.fixture
def publish(tmp_path: Path, lake: Path, run_sql: RunSql) -> Publish:
    """Publish the two tables of the warehouse into the lake."""
    tables = ("visits", "visit_labels")
    return lambda: {
        table: publish_table(
            tmp_path / "warehouse.duckdb", table, "local_date", lake / "features", ["visit_id"]
        )
        for table in tables
    }


@pytest.fixture
def published(lake: Path, publish: Publish) -> Path:
    """Root of the published tables."""
    publish()
    return lake / "features"
