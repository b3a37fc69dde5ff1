"""A table without event time, delivered whole every day: what trains, and what is scored."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.features.features import (
    latest_feature_batches,
    read_feature_rows,
    read_outcomes,
    read_training_rows,
)
from mlops_platform.data.features.labels import count_new_labels
from mlops_platform.data.features.landed.rows import count_landed, has_news
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec

RunSql = Callable[..., None]
FIRST, SECOND, THIRD = (date(2024, 3, day) for day in (1, 2, 3))
AS_OF = datetime(2024, 3, 31, tzinfo=UTC)
ROWS = {
    # v0 never changes, v1 on the second day, v2 comes on the second and v3 on the third.
    FIRST: [("v0", 1), ("v1", 1)],
    SECOND: [("v0", 1), ("v1", 2), ("v2", 1)],
    THIRD: [("v0", 1), ("v1", 2), ("v2", 1), ("v3", 1)],
}
LABELS = {
    # v1 is known on the first day and corrected on the third; v2 landed before its label did.
    FIRST: [("v0", "NULL"), ("v1", "false")],
    SECOND: [("v0", "true"), ("v1", "false")],
    THIRD: [("v0", "true"), ("v1", "true"), ("v2", "false")],
}


@pytest.fixture
def spec(model: Callable[[dict[str, Any]], ModelSpec], run_sql: RunSql, publish: Any) -> ModelSpec:
    visits = [
        f"('{visit}', DATE '{day}', {age}, 0.5, 'north', 'f')"
        for day, rows in ROWS.items()
        for visit, age in rows
    ]
    labels = [
        f"('{visit}', DATE '{day}', {value}, TIMESTAMPTZ '{day} 09:00:00+00')"
        for day, rows in LABELS.items()
        for visit, value in rows
    ]
    run_sql(
        "CREATE OR REPLACE TABLE visits AS SELECT * FROM (VALUES "
        f"{', '.join(visits)}) AS v (visit_id, local_date, age, pain, ward, sex)",
        "CREATE OR REPLACE TABLE visit_labels AS SELECT * FROM (VALUES "
        f"{', '.join(labels)}) AS l (visit_id, local_date, returned, delivered_at)",
    )
    publish()
    features = {
        "table": "visits",
        "entity": "visit_id",
        "event_time": None,
        "numeric": ["age", "pain"],
        "categorical": ["ward"],
        "sensitive": ["sex"],
    }
    training = {
        "history": {"split": {"by": "random"}},
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}, {"columns": "categorical"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ],
    }
    return model(
        {
            "features": features,
            "training": training,
            "window": {"start": FIRST, "cadence": "daily", "timezone": "Europe/Berlin"},
        }
    )


@pytest.fixture
def published(lake: Path) -> Path:
    return lake / "features"


def landed(rows: pa.Table) -> dict[str, tuple[date, float]]:
    columns = (rows[name].to_pylist() for name in ("visit_id", "local_date", "age"))
    return {visit: (day, age) for visit, day, age in zip(*columns, strict=True)}


def test_the_newest_row_that_may_trains_once_per_entity(spec: ModelSpec, published: Path) -> None:
    rows = read_training_rows(spec, published, AS_OF)
    # v0 has said the same since the first day, v1 since the second.
    assert landed(rows) == {"v0": (FIRST, 1), "v1": (SECOND, 2), "v2": (SECOND, 1)}
    labels = dict(zip(rows["visit_id"].to_pylist(), rows["returned"].to_pylist(), strict=True))
    assert labels == {"v0": True, "v1": True, "v2": False}
    assert rows["landed_at"][0].as_py() == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert rows["delivered_at"].to_pylist()[0] == datetime(2024, 3, 2, 9, tzinfo=UTC)


def test_features_that_landed_after_their_label_do_not_train(
    spec: ModelSpec, published: Path
) -> None:
    before = read_training_rows(spec, published, datetime(2024, 3, 2, 12, tzinfo=UTC))
    # The label of v1 stands since the first day: that it is 2 by now may have come of it.
    assert landed(before) == {"v0": (FIRST, 1), "v1": (FIRST, 1)}


def test_a_snapshot_that_repeats_what_was_known_gives_the_same_training_set(
    spec: ModelSpec, published: Path, lake: Path, run_sql: RunSql, publish: Any
) -> None:
    one = snapshot_training_set(spec, published, lake / "sets", AS_OF)
    day = "DATE '2024-03-04'"
    run_sql(
        f"INSERT INTO visits SELECT * REPLACE ({day} AS local_date) FROM visits "
        "WHERE local_date = DATE '2024-03-03'",
        f"INSERT INTO visit_labels SELECT * REPLACE ({day} AS local_date, delivered_at + "
        "INTERVAL 1 DAY AS delivered_at) FROM visit_labels WHERE local_date = DATE '2024-03-03'",
    )
    publish()
    assert snapshot_training_set(spec, published, lake / "sets", AS_OF).hash == one.hash
    assert count_new_labels(spec, published, datetime(2024, 3, 3, 12, tzinfo=UTC), AS_OF) == 0


def test_a_window_has_what_is_new_or_changed(spec: ModelSpec, published: Path) -> None:
    for days, news in (
        ([FIRST], {"v0": (FIRST, 1), "v1": (FIRST, 1)}),
        ([SECOND], {"v1": (SECOND, 2), "v2": (SECOND, 1)}),
        ([THIRD], {"v3": (THIRD, 1)}),
        ([FIRST, SECOND, THIRD], {"v0": (FIRST, 1), "v1": (SECOND, 2), "v2": (SECOND, 1)}),
    ):
        found = landed(read_feature_rows(spec, published, days))
        assert found == news | ({"v3": (THIRD, 1)} if len(days) == 3 else {})
    assert count_landed(spec, published, [THIRD]) == 4


def test_a_day_that_repeats_the_one_before_has_no_news(
    spec: ModelSpec, published: Path, run_sql: RunSql, publish: Any
) -> None:
    fourth = date(2024, 3, 4)
    run_sql(
        f"INSERT INTO visits SELECT * REPLACE (DATE '{fourth}' AS local_date) FROM visits "
        f"WHERE local_date = DATE '{THIRD}'"
    )
    publish()
    assert [has_news(spec, published, days) for days in ([THIRD], [fourth])] == [True, False]
    assert has_news(spec, published, [THIRD, fourth])
    assert count_landed(spec, published, [fourth]) == 4


def test_the_service_knows_what_landed_last(spec: ModelSpec, published: Path) -> None:
    since = datetime(2024, 3, 2, 12, tzinfo=UTC)
    latest = pa.Table.from_batches(latest_feature_batches(spec, published, since))
    # v0 has not changed since the first day, and has landed on the third nevertheless.
    assert latest["visit_id"].to_pylist() == ["v0", "v1", "v2", "v3"]
    assert set(latest["landed_at"].to_pylist()) == {datetime(2024, 3, 2, 23, tzinfo=UTC)}


def test_an_outcome_landed_on_the_day_of_its_row_or_later(
    spec: ModelSpec, published: Path, lake: Path
) -> None:
    scored = read_feature_rows(spec, published, [FIRST]).select(
        ["visit_id", "landed_at", "local_date"]
    )
    outputs = {
        output.name: pa.array([0.5, 0.5]) if output.kind != "flag" else pa.array([True, False])
        for output in spec.task.outputs
    }
    for name, column in outputs.items():
        scored = scored.append_column(name, column)
    file = predictions_file(lake / "predictions", spec.name, str(FIRST))
    write_predictions(scored.to_batches(), spec, file)
    early, late = (
        read_outcomes(spec, published, [file], [FIRST], moment)
        for moment in (datetime(2024, 3, 1, 12, tzinfo=UTC), AS_OF)
    )
    assert early["label"].to_pylist() == [None, False]
    assert late["label"].to_pylist() == [True, True]
    # Of a later row the same label is known before, and nobody had to predict it.
    moved = scored.set_column(2, "local_date", pa.array([date(2024, 3, 9)] * 2))
    write_predictions(moved.to_batches(), spec, file)
    known = read_outcomes(spec, published, [file], [FIRST], AS_OF)
    assert (known["label"].null_count, known["known_at"].null_count) == (2, 0)
    assert b"landed_day" in pq.read_schema(file).metadata
    with open_catalogue(lake) as catalogue:
        query = "SELECT visit_id, label FROM predictions_with_outcomes.readmission ORDER BY 1"
        assert catalogue.sql(query).fetchall() == [("v0", None), ("v1", None)]


def test_an_entity_twice_on_a_day_is_refused(
    spec: ModelSpec, published: Path, run_sql: RunSql, publish: Any
) -> None:
    run_sql("INSERT INTO visits SELECT * REPLACE (9 AS age) FROM visits WHERE visit_id = 'v3'")
    publish()
    with pytest.raises(DataError, match="visit_id 'v3' more than once on 2024-03-03"):
        read_training_rows(spec, published, AS_OF + timedelta(days=1))
