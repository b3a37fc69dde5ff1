"""What windows are compared with is of all rows that a window would hold."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from mlops_platform.data.features.features import opened_features
from mlops_platform.data.features.published import publish_table
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.monitoring.drift.profile.profile import Profile, count_window
from mlops_platform.monitoring.drift.segments import count_segments, segments_in
from mlops_platform.monitoring.drift.window_drift import WindowDrift, measure_drift
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Finished
from mlops_platform.usecases.candidate.training_rows import split_rows
from mlops_platform.usecases.release.reference_profile import profile_reference
from tests.documents.cases import Case, refuse_undocumented

ROWS_A_DAY, DAYS, REFERENCE_DAYS = 60, 56, 49
# Of the rail's parcels nobody ever reports an outcome; by air there go three a day.
PARCELS = f"""
CREATE TABLE parcels AS
SELECT
    'p' || n AS parcel_id,
    TIMESTAMPTZ '2024-01-01 00:10:00+00' + to_minutes(n * {1440 // ROWS_A_DAY}) AS event_time,
    event_time::DATE AS local_date,
    CASE WHEN n % 20 = 7 THEN 'air' ELSE ['road', 'sea', 'rail'][(hash(n) % 3 + 1)::INT] END
        AS carrier,
    hash(n, 1) % 10 + 100 * (carrier = 'rail')::INT AS weight
FROM range({ROWS_A_DAY * DAYS}) AS parcels (n)
"""
OUTCOMES = """
CREATE TABLE outcomes AS
SELECT
    parcel_id,
    local_date,
    CASE WHEN carrier <> 'rail' THEN hash(parcel_id) % 4 = 0 END AS is_lost,
    event_time + INTERVAL 1 HOUR AS known_at
FROM parcels
"""
MODEL: dict[str, Any] = {
    "name": "lost_parcel",
    "description": "Will it be lost?",
    "owners": ["team:parcels"],
    "features": {
        "table": "parcels",
        "entity": "parcel_id",
        "numeric": ["weight"],
        "categorical": ["carrier"],
    },
    "label": {"table": "outcomes", "column": "is_lost"},
    "window": {"start": "2024-01-01"},
    "training": {
        "history": {"split": {"validation_days": 14, "test_days": 14}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
    },
    "evaluation": {"subgroups": ["carrier"], "min_subgroup_rows": 50},
    "card": {"intended_use": "Tests.", "out_of_scope": "Parcels."},
}
CASES = [
    Case(
        "a carrier none of whose parcels ever gets an outcome",
        "its category and its weights were news in every window, which alarmed",
        "silent: features are compared with all rows of the reference's days",
        "",
    ),
    Case(
        "predictions for a carrier whose outcomes nobody reports",
        "the predictions of every window alarmed",
        "silent, and the carrier is a segment of its own",
        "carrier = rail",
    ),
]


@dataclass(frozen=True)
class World:
    """Published parcels, and the profile of a model that was trained on what was known of them."""

    spec: ModelSpec
    root: Path
    profile: Profile
    fitted: Finished

    def drift(self) -> WindowDrift:
        """Of the week after the reference."""
        days = [date(2024, 2, 19) + timedelta(days=at) for at in range(7)]
        later = datetime(2024, 3, 1, tzinfo=UTC)
        with opened_features(self.spec, self.root, days[0], days[-1], later) as (connection, rows):
            features = connection.sql(f"FROM {rows}").to_arrow_table()
            frame = features.to_pandas()[["weight", "carrier"]]
            scores = self.fitted.model.predict_proba(frame)[:, 1]
            scored = features.append_column("score", pa.array(scores))
            connection.register("scored", scored)
            counted = {
                **count_window(connection, "scored", self.profile, ["weight", "carrier", "score"]),
                **count_segments(connection, "scored", self.profile, "score"),
            }
        declared = self.spec.monitoring.drift
        return measure_drift(self.profile, counted, ["score"], days, declared, {})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    home, spec = tmp_path_factory.mktemp("parcels"), ModelSpec.model_validate(MODEL)
    warehouse, root = home / "warehouse.duckdb", home / "published"
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(PARCELS)
        connection.execute(OUTCOMES)
    for table in ("parcels", "outcomes"):
        publish_table(warehouse, table, "local_date", root, ["parcel_id"])
    as_of = datetime(2024, 2, 19, tzinfo=UTC)
    training_set = snapshot_training_set(spec, root, home / "training_sets", as_of)
    split = split_rows(spec, training_set)
    weights = FunctionTransformer(lambda rows: rows[["weight"]])
    model = make_pipeline(weights, LogisticRegression()).fit(
        split.train[["weight", "carrier"]], split.train["is_lost"]
    )
    fitted = Finished(model, {"threshold": 0.3}, {"base_rate": 0.25})
    profile = profile_reference(spec, training_set, root, fitted, fitted, split)
    return World(spec, root, profile, fitted)


def test_features_are_of_all_rows_of_the_days_and_the_label_of_those_that_have_one(world):
    published = ROWS_A_DAY * REFERENCE_DAYS
    assert world.profile.column("carrier").total.total == pytest.approx(published, abs=ROWS_A_DAY)
    labelled = world.profile.column("is_lost").total
    assert labelled.nulls == 0
    assert labelled.total == pytest.approx(published * 2 / 3, rel=0.05)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_a_week_like_the_reference_is_silent_where_labels_are_missing_by_a_feature(world, case):
    drift = world.drift()

    assert drift.segments is not None
    assert [drift.features.alarm, drift.scores.alarm, drift.segments.alarm] == [False] * 3
    assert case.reads in " ".join(column.column for column in drift.segments.columns)


def test_a_segment_has_as_many_rows_a_day_as_a_subgroup_needs_in_the_test(world):
    # 50 rows in the 14 days of the test are 100 in the 28 days whose predictions are the reference.
    by_air = world.profile.column("carrier").total.rows[-1] / REFERENCE_DAYS * 28
    assert 50 < by_air < 100
    assert set(segments_in(world.profile)) == {f"carrier = {by}" for by in ("rail", "road", "sea")}


def test_the_cases_are_documented():
    refuse_undocumented("Statistics and serving", CASES)
