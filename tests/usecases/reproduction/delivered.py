"""A lake of delivered parcels, and a small dbt project that makes a training set of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import duckdb

from mlops_platform.data.features.builds import Builds, Project
from mlops_platform.data.features.dbt import DbtProjectFolder, build, publications
from mlops_platform.data.features.origin import origin_of_published
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.landing.erasing import planned_erasure
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.landing.landing import Arrival, land_day
from mlops_platform.data.training_set import TrainingSet, snapshot_training_set
from mlops_platform.settings import PROJECT_ROOT, Settings, read_settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.reproduction.from_facts import BuiltAgain, build_again

FIRST_DAY, DAYS = date(2024, 1, 1), 40
TAKEN = datetime(2024, 2, 10, 5, tzinfo=UTC)
PROJECT = {
    "dbt_project.yml": """
name: parcels
version: "1.0.0"
config-version: 2
profile: mlops
model-paths: [models]
flags: {send_anonymous_usage_stats: false}
""",
    "models/_sources.yml": """
version: 2
sources:
  - name: landing
    config:
      meta: {external_location: "read_landing('{name}')"}
    tables: [{name: parcels}, {name: outcomes}]
""",
    "models/_models.yml": """
version: 2
models:
  - name: parcels
    config: {materialized: table, meta: {mlops: &how
      {publish: true, partition_by: local_date, order_by: [parcel_id]}}}
  - name: returns
    config: {materialized: table, meta: {mlops: *how}}
    data_tests:
      - unique: {arguments: {column_name: parcel_id}}
""",
    "models/parcels.sql": """
select parcel_id, event_time, day as local_date, weight
from {{ source('landing', 'parcels') }} where superseded_at is null
""",
    "models/returns.sql": """
select parcel_id, day as local_date, returned, known_at
from {{ source('landing', 'outcomes') }} where superseded_at is null
""",
}
MODEL: dict[str, Any] = {
    "name": "parcels",
    "description": "Will the parcel come back?",
    "owners": ["team:parcels"],
    "features": {"table": "parcels", "entity": "parcel_id", "numeric": ["weight"]},
    "label": {"table": "returns", "column": "returned"},
    "window": {"start": "2024-01-01"},
    "training": {
        "history": {"split": {"validation_days": 7, "test_days": 7}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
    },
    "card": {"intended_use": "Tests.", "out_of_scope": "Parcels."},
}
LANDED = {
    "parcels": LandedTable(table="parcels", key=("parcel_id",)),
    "outcomes": LandedTable(
        table="outcomes", key=("parcel_id",), known_at="known_at", max_gone=0.5
    ),
}
READS = Project(sources=("outcomes", "parcels"), tables=("parcels", "returns"), reach_days=0)
FACTS = {
    "parcels": "SELECT 'p' || n AS parcel_id, {at} AS event_time, hash(n) % 100 / 10.0 AS weight",
    "outcomes": (
        "SELECT 'p' || n AS parcel_id, hash(n, 2) % 2 = 0 AS returned, "
        "{at} + INTERVAL 3 HOUR AS known_at"
    ),
}


def fact_rows(table: str, day: date) -> str:
    """Write the SQL of what was first delivered of a day: ten parcels."""
    number = (day - FIRST_DAY).days
    at = f"TIMESTAMPTZ '{day} 06:00:00+00' + to_minutes(n % 10)"
    return f"{FACTS[table].format(at=at)} FROM range({number * 10}, {number * 10 + 10}) AS t (n)"


@dataclass
class Delivered:
    """A home that deliveries come to, with a dbt project of its own."""

    root: Path
    spec: ModelSpec = field(default_factory=lambda: ModelSpec.model_validate(MODEL))

    @property
    def place(self) -> Settings:
        return read_settings({"MLOPS_HOME": str(self.root / "home")})

    @property
    def project(self) -> Path:
        return self.root / "dbt_project"

    @property
    def builds(self) -> Builds:
        return Builds(self.place.landing, self.place.published)

    def begin(self) -> None:
        for name, text in PROJECT.items():
            (self.project / name).parent.mkdir(parents=True, exist_ok=True)
            (self.project / name).write_text(text)
        copyfile(PROJECT_ROOT / "dbt_project" / "profiles.yml", self.project / "profiles.yml")
        for number in range(DAYS):
            day = FIRST_DAY + timedelta(days=number)
            for table in LANDED:
                arrival = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=23)
                self.deliver(table, day, fact_rows(table, day), arrival)

    def deliver(self, table: str, day: date, query: str, at: datetime) -> None:
        """Deliver a day as a query has it; `{first}` is what came first."""
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            rows = connection.sql(query.format(first=f"({fact_rows(table, day)})")).to_arrow_table()
        arrival = Arrival.begun(self.place.landing, table, [day], at)
        land_day(self.place.landing, LANDED[table], day, rows, arrival)

    def build(self) -> None:
        place = self.place
        dbt = DbtProjectFolder(self.project, place.warehouse, place.lake, place.dbt_target)
        self.builds.begin(READS, TAKEN, {})
        assert {outcome.succeeded for outcome in build(dbt)} == {True}
        for table, how in publications(dbt.manifest).items():
            publish_table(place.warehouse, table, how.partition_by, place.published, how.order_by)
        self.builds.end()

    def snapshot(self, *, recorded: bool = True) -> TrainingSet:
        place = self.place
        origin = origin_of_published(place.lake, self.builds, TAKEN) if recorded else None
        return snapshot_training_set(
            self.spec, place.published, place.training_sets, TAKEN, origin=origin
        )

    def build_again(self, training_set: TrainingSet, *, keep: bool = False) -> BuiltAgain:
        return build_again(self.place, self.spec, training_set, self.project, keep=keep)

    def erase(self, table: str, entity: str, at: datetime) -> None:
        """Take a parcel out of every delivery, as the law may ask, and leave a tombstone."""
        erase_rows(self.place.landing, table, f"parcel_id = '{entity}'", at)


def erase_rows(landing: Path, table: str, condition: str, at: datetime) -> None:
    """What `mlops erase` does to the landing zone."""
    with planned_erasure(landing, table, condition) as planned:
        planned.commit({"parcels": 12}, "the sender asked for it", "alice", at)
