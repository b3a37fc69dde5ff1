"""A window as it is watched: every column once, what was sent in place of what was published."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.served import watched_rows as module
from mlops_platform.data.served.watched_rows import sent_column, watched_rows
from mlops_platform.spec import FeaturesSpec, ModelSpec

DAYS = [date(2024, 3, 4), date(2024, 3, 5)]
VISITS = [f"v{visit}" for visit in range(11, 19)]


@pytest.fixture
def watched(spec: ModelSpec) -> ModelSpec:
    features = FeaturesSpec(
        table="visits",
        entity="visit_id",
        numeric=("age",),
        categorical=("ward",),
        sensitive=("sex",),
    )
    return spec.model_copy(update={"features": features})


def predict(folder: Path, **sent: list[float]) -> Path:
    """Write the predictions of some visits."""
    scores = [0.1 * at for at in range(len(VISITS))]
    decisions = [score >= 0.3 for score in scores]
    table = pa.table({"visit_id": VISITS, "score": scores, "decision": decisions, **sent})
    write_parquet(table, folder / "predictions.parquet")
    return folder / "predictions.parquet"


@pytest.mark.parametrize("unchanged", [True, False])
def test_a_sample_has_every_column_once(
    watched: ModelSpec, published: Path, tmp_path: Path, unchanged: bool
) -> None:
    file = predict(tmp_path)
    with watched_rows(watched, published, DAYS, file, unchanged=unchanged) as rows:
        sample = rows.sample("visit_id", 5)
    assert sample.column_names == ["visit_id", "age", "ward", "sex", "score"]
    assert sample.num_rows == 5
    scores = dict(zip(VISITS, (0.1 * at for at in range(len(VISITS))), strict=True))
    assert all(scores[row["visit_id"]] == row["score"] for row in sample.to_pylist())


def test_of_a_served_window_it_is_what_was_sent(
    watched: ModelSpec, published: Path, tmp_path: Path
) -> None:
    file = predict(tmp_path, **{sent_column("age"): [100.0 + at for at in range(len(VISITS))]})
    with watched_rows(watched, published, DAYS, file, unchanged=False) as rows:
        ages = rows.connection.sql(f"SELECT age FROM {rows.features} ORDER BY age").fetchall()
        sample = rows.sample("visit_id", 100)
    assert ages == [(100.0 + at,) for at in range(len(VISITS))]
    assert sorted(sample["age"].to_pylist()) == [age for (age,) in ages]


def test_a_window_that_is_kept_has_the_rows_of_one_that_is_scanned_again(
    watched: ModelSpec, published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, kinds, tables = predict(tmp_path), [], []
    for few_rows in (len(VISITS), len(VISITS) - 1):
        monkeypatch.setattr(module, "FEW_ROWS", few_rows)
        with watched_rows(watched, published, DAYS, file, unchanged=True) as rows:
            kind = rows.connection.sql(
                f"SELECT table_type FROM information_schema.tables "
                f"WHERE table_name = '{rows.features}'"
            )
            kinds += kind.fetchall()
            ordered = rows.connection.sql(f"FROM {rows.features} ORDER BY visit_id")
            tables.append(ordered.to_arrow_table())
    assert kinds == [("LOCAL TEMPORARY",), ("VIEW",)]
    assert tables[0].num_rows == len(VISITS)
    assert tables[0].equals(tables[1])


@pytest.mark.parametrize("unchanged", [True, False])
def test_a_feature_may_be_named_as_what_a_prediction_says_of_itself(
    watched: ModelSpec, published: Path, tmp_path: Path, unchanged: bool
) -> None:
    file = predict(tmp_path, ward=[9] * len(VISITS))
    with watched_rows(watched, published, DAYS, file, unchanged=unchanged) as rows:
        beside = rows.connection.sql(f"FROM {rows.predictions_beside('visit_id', ['ward'])}")
        assert beside.columns == ["score", "ward"]
        assert set(beside.to_arrow_table()["ward"].to_pylist()) == {"north", None}


@pytest.mark.parametrize("unchanged", [True, False])
def test_drift_is_measured_on_what_the_versions_own_constants_say(
    watched: ModelSpec, published: Path, tmp_path: Path, unchanged: bool
) -> None:
    own = [0.9 - 0.1 * at for at in range(len(VISITS))]
    file = predict(tmp_path, own_score=own)
    with watched_rows(watched, published, DAYS, file, unchanged=unchanged) as rows:
        scores = rows.connection.sql(f"SELECT score FROM {rows.predictions}").to_arrow_table()
    assert sorted(scores["score"].to_pylist()) == sorted(own)
