"""Predictions in the catalogue, with the outcomes that are known of them."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.predictions import predictions_file, write_predictions
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks.multiclass_classification.task import MulticlassClassification

OUTCOMES = "predictions_with_outcomes.readmission"
SCORED = "SELECT visit_id, score, label, known_at FROM " + OUTCOMES + " ORDER BY visit_id"


def _predict(lake: Path, spec: ModelSpec, window: date, visits: list[str]) -> Path:
    rows = pa.RecordBatch.from_pydict({"visit_id": visits, "score": [0.5] * len(visits)})
    file = predictions_file(lake / "predictions", spec.name, window.isoformat())
    write_predictions([rows], spec, file)
    return file


def _ask(lake: Path, query: str) -> list[tuple[object, ...]]:
    with open_catalogue(lake) as connection:
        return connection.execute(query).fetchall()


def test_every_prediction_has_its_outcome_where_it_is_known(
    lake: Path, spec: ModelSpec, published: Path
) -> None:
    _predict(lake, spec, date(2024, 3, 4), ["v4", "v6"])
    _predict(lake, spec, date(2024, 3, 11), ["v999"])
    known = [datetime(2024, 3, day, hour, tzinfo=UTC) for day, hour in ((4, 9), (4, 21))]
    assert _ask(lake, SCORED) == [
        ("v4", 0.5, True, known[0]),
        ("v6", 0.5, True, known[1]),
        ("v999", 0.5, None, None),
    ]
    assert _ask(lake, f'SELECT "window", count(label) FROM {OUTCOMES} GROUP BY 1 ORDER BY 1') == [
        (date(2024, 3, 4), 2),
        (date(2024, 3, 11), 0),
    ]


def test_predictions_are_listed_with_their_windows(
    lake: Path, spec: ModelSpec, published: Path
) -> None:
    _predict(lake, spec, date(2024, 3, 4), ["v4", "v6"])
    _predict(lake, spec, date(2024, 3, 11), ["v30"])
    listed = "SELECT * FROM catalogue WHERE name = 'readmission' ORDER BY schema"
    assert _ask(lake, listed) == [
        ("predictions", "readmission", 3, 2),
        ("predictions_with_outcomes", "readmission", 3, 2),
    ]


def test_without_published_labels_no_outcome_is_known(lake: Path, spec: ModelSpec) -> None:
    _predict(lake, spec, date(2024, 3, 4), ["v4"])
    assert _ask(lake, SCORED) == [("v4", 0.5, None, None)]


def test_windows_are_joined_each_with_the_label_of_its_time(
    lake: Path,
    spec: ModelSpec,
    published: Path,
    model: Callable[[dict[str, Any]], ModelSpec],
) -> None:
    _predict(lake, spec, date(2024, 3, 4), ["v4"])
    later = model({"label": {"table": "deaths", "column": "died"}})
    _predict(lake, later, date(2024, 3, 11), ["v30"])
    assert [row[:3] for row in _ask(lake, SCORED)] == [("v30", 0.5, None), ("v4", 0.5, True)]


def test_a_foreign_file_has_no_outcomes(lake: Path, spec: ModelSpec, published: Path) -> None:
    file = predictions_file(lake / "predictions", spec.name, "2024-03-04")
    file.parent.mkdir(parents=True)
    pq.write_table(pa.table({"visit_id": ["v4"], "score": [0.5]}), file)
    assert _ask(lake, SCORED) == [("v4", 0.5, None, None)]


def test_no_query_reaches_a_file_of_predictions(
    lake: Path, spec: ModelSpec, published: Path
) -> None:
    file = _predict(lake, spec, date(2024, 3, 4), ["v4"])
    with pytest.raises(duckdb.PermissionException):
        _ask(lake, f"FROM '{file}'")


def test_a_prediction_has_the_present_version_of_its_outcome(
    lake: Path,
    spec: ModelSpec,
    run_sql: Callable[..., None],
    publish: Callable[[], object],
) -> None:
    _predict(lake, spec, date(2024, 3, 4), ["v4", "v6"])
    may = datetime(2024, 5, 1, tzinfo=UTC)
    run_sql(
        "ALTER TABLE visit_labels ADD COLUMN superseded_at TIMESTAMPTZ",
        "INSERT INTO visit_labels SELECT visit_id, local_date + 1, NOT returned, "
        f"'{may}', NULL FROM visit_labels WHERE visit_id = 'v4'",
        f"UPDATE visit_labels SET superseded_at = '{may}' "
        f"WHERE visit_id IN ('v4', 'v6') AND known_at < '{may}'",
    )
    publish()
    assert _ask(lake, SCORED) == [("v4", 0.5, False, may), ("v6", 0.5, None, None)]


def test_an_outcome_of_another_day_is_none_of_the_prediction(
    lake: Path, spec: ModelSpec, published: Path
) -> None:
    file = predictions_file(lake / "predictions", spec.name, "2024-03-04")
    days = [date(2024, 3, 2), date(2024, 3, 3)]
    columns = {"visit_id": ["v4", "v4"], "local_date": days, "score": [0.5, 0.6]}
    write_predictions([pa.RecordBatch.from_pydict(columns)], spec, file)
    assert [row[:3] for row in _ask(lake, SCORED)] == [("v4", 0.5, True), ("v4", 0.6, None)]


def test_what_a_predicted_column_means_is_told_by_the_latest_window_that_says_so(
    lake: Path, spec: ModelSpec
) -> None:
    older = _predict(lake, spec, date(2024, 3, 4), ["v4"])
    table = pq.read_table(older)
    metadata = {key: value for key, value in table.schema.metadata.items() if key != b"meanings"}
    pq.write_table(table.replace_schema_metadata(metadata), older)
    asked = "SELECT * FROM prediction_columns"
    assert _ask(lake, asked) == []
    classes = MulticlassClassification(classes=("sun", "rain, or 'hail'", "snow"))
    several = spec.model_copy(update={"task": classes})

    _predict(lake, several, date(2024, 3, 11), ["v6"])

    meanings = {output: meaning for _, output, meaning in _ask(lake, asked)}
    assert meanings["probability_2"] == """Probability that the outcome is "rain, or 'hail'"."""
    assert set(meanings) == {output.name for output in classes.outputs}
    assert _ask(lake, "SELECT DISTINCT model FROM prediction_columns") == [("readmission",)]
