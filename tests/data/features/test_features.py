from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from mlops_platform.data.features.features import (
    feature_batches,
    read_feature_rows,
    read_outcomes,
    read_training_rows,
)
from mlops_platform.data.features.labels import (
    count_changed_labels,
    count_new_labels,
    labels_settle_at,
)
from mlops_platform.data.features.training_history import TrainingHistory
from mlops_platform.data.parquet import write_parquet
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec

MARCH = datetime(2024, 3, 1, tzinfo=UTC)
LAST_EVENT = datetime(2024, 3, 11, 3, tzinfo=UTC)
AS_OF = datetime(2024, 3, 31, tzinfo=UTC)
FEATURES = [
    ("visit_id", pa.string()),
    ("event_time", pa.timestamp("us", tz="UTC")),
    ("local_date", pa.date32()),
    ("age", pa.float64()),
    ("pain", pa.float64()),
    ("ward", pa.string()),
    ("sex", pa.string()),
]

Model = Callable[[dict[str, Any]], ModelSpec]
RunSql = Callable[..., None]
Publish = Callable[[], object]


def visits_of(rows: pa.Table) -> list[int]:
    return [int(visit.removeprefix("v")) for visit in rows["visit_id"].to_pylist()]


def test_training_rows_have_the_declared_columns_types_and_order(
    spec: ModelSpec, published: Path
) -> None:
    rows = read_training_rows(spec, published, AS_OF)
    label = [("returned", pa.bool_()), ("known_at", pa.timestamp("us", tz="UTC"))]
    assert rows.schema.equals(pa.schema(FEATURES + label))
    assert visits_of(rows) == list(range(40))
    assert rows.slice(4, 1).to_pylist() == [
        {
            "visit_id": "v4",
            "event_time": MARCH + timedelta(hours=33),
            "local_date": (MARCH + timedelta(hours=33)).date(),
            "age": 4.0,
            "pain": 0.5,
            "ward": "north",
            "sex": "g0",
            "returned": True,
            "known_at": MARCH + timedelta(hours=33 + 48),
        }
    ]


def test_a_label_counts_from_the_second_in_which_it_is_known(
    spec: ModelSpec, published: Path
) -> None:
    known_at = MARCH + timedelta(hours=9 + 5 * 6, days=2)
    assert visits_of(read_training_rows(spec, published, known_at)) == [0, 1, 2, 3, 4, 5]
    before = known_at - timedelta(seconds=1)
    assert visits_of(read_training_rows(spec, published, before)) == [0, 1, 2, 3, 4]


def test_an_event_after_as_of_is_left_out_even_if_its_label_is_known(
    spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql("UPDATE visit_labels SET known_at = TIMESTAMPTZ '2024-02-01 00:00:00+00'")
    publish()
    as_of = MARCH + timedelta(hours=15)
    assert visits_of(read_training_rows(spec, lake / "features", as_of)) == [0, 1]


def test_a_history_that_was_chosen_takes_the_place_of_the_declared_one(
    spec: ModelSpec, published: Path
) -> None:
    since = LAST_EVENT - timedelta(days=1)
    rows = read_training_rows(
        spec, published, AS_OF, TrainingHistory(since=since, reason="a change")
    )
    assert visits_of(rows) == [36, 37, 38, 39]


def test_new_labels_are_counted_from_the_moment_they_reach_the_platform(
    spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path, model: Model
) -> None:
    run_sql("UPDATE visit_labels SET returned = NULL WHERE visit_id = 'v7'")
    publish()
    seventh, ninth = (MARCH + timedelta(hours=9 + number * 6, days=2) for number in (6, 8))
    assert count_new_labels(spec, lake / "features", seventh, ninth) == 1
    late = model({"label": spec.label.model_dump() | {"reporting_delay_days": 21}})
    delay = timedelta(days=21)
    assert count_new_labels(late, lake / "features", seventh, ninth) == 0
    assert count_new_labels(late, lake / "features", seventh + delay, ninth + delay) == 1


def test_rows_without_a_label_are_left_out(
    spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql(
        "UPDATE visit_labels SET returned = NULL WHERE visit_id <> 'v7'",
        "DELETE FROM visit_labels WHERE visit_id = 'v8'",
    )
    publish()
    assert visits_of(read_training_rows(spec, lake / "features", AS_OF)) == [7]


def test_rows_without_a_label_are_kept_where_the_task_fits_them(
    model: Model, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql(
        "UPDATE visit_labels SET returned = NULL WHERE visit_id <> 'v7'",
        "DELETE FROM visit_labels WHERE visit_id = 'v8'",
    )
    publish()
    detector = model({"task": {"type": "anomaly_detection", "budget": {"share": 0.1}}})

    rows = read_training_rows(detector, lake / "features", AS_OF)

    assert visits_of(rows) == list(range(40))
    assert rows["returned"].null_count == 39
    assert rows["known_at"].null_count == 1


def test_history_counts_back_from_as_of_in_event_time(
    spec: ModelSpec, model: Model, published: Path
) -> None:
    history = {"span": {"rolling_days": 5}, "split": {"validation_days": 2, "test_days": 2}}
    training = spec.training.model_dump() | {"history": history}
    as_of = LAST_EVENT + timedelta(days=3)
    rows = read_training_rows(model({"training": training}), published, as_of)
    assert visits_of(rows) == list(range(32, 40))
    assert rows["event_time"][0].as_py() == as_of - timedelta(days=5) + timedelta(hours=6)


def test_features_and_label_may_share_a_table(
    model: Model, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql(
        "ALTER TABLE visits ADD COLUMN returned BOOLEAN",
        "ALTER TABLE visits ADD COLUMN known_at TIMESTAMPTZ",
        "UPDATE visits SET returned = true, known_at = event_time WHERE age = 0",
    )
    publish()
    spec = model({"label": {"table": "visits", "column": "returned"}})
    assert visits_of(read_training_rows(spec, lake / "features", AS_OF)) == [0, 7, 14, 21, 28, 35]


def test_feature_rows_are_those_of_their_partition_days(spec: ModelSpec, published: Path) -> None:
    rows = read_feature_rows(spec, published, [date(2024, 3, 2), date(2024, 3, 4)])
    assert rows.schema.equals(pa.schema(FEATURES))
    assert visits_of(rows) == [3, 4, 5, 6, 11, 12, 13, 14]


def test_features_are_streamed_in_batches(spec: ModelSpec, published: Path) -> None:
    days = [date(2024, 3, day) for day in range(1, 12)]
    batches = list(feature_batches(spec, published, days, batch_rows=16))
    assert len(batches) > 1
    assert pa.Table.from_batches(batches).equals(read_feature_rows(spec, published, days))


def test_a_label_is_known_from_its_reporting_delay_on(
    model: Model, published: Path, spec: ModelSpec
) -> None:
    late = model({"label": spec.label.model_dump() | {"reporting_delay_days": 21}})
    on_time = visits_of(read_training_rows(spec, published, AS_OF))
    reported = visits_of(read_training_rows(late, published, AS_OF))
    assert reported == visits_of(read_training_rows(spec, published, AS_OF - timedelta(days=21)))
    assert 0 < len(reported) < len(on_time)


def _predicted(path: Path, visits: Sequence[int]) -> Path:
    """Predictions of visits 6 hours apart, of which the first is at 9 o'clock on 1 March."""
    times = [datetime(2024, 3, 1, 9, tzinfo=UTC) + timedelta(hours=6 * visit) for visit in visits]
    rows = {
        "visit_id": [f"v{visit}" for visit in visits],
        "event_time": times,
        "local_date": [time.date() for time in times],
        "score": [visit / 10 for visit in visits],
        "decision": [visit >= 7 for visit in visits],
    }
    write_parquet(pa.table(rows), path)
    return path


def test_outcomes_meet_their_predictions(spec: ModelSpec, published: Path, tmp_path: Path) -> None:
    files = [_predicted(tmp_path / f"{at}", [at + 4, at]) for at in (4, 3)]
    # Outcomes are known after two days: those of v3 at 03:00 and of v4 at 09:00.
    as_of = datetime(2024, 3, 4, 10, tzinfo=UTC)
    days = [date(2024, 3, 2), date(2024, 3, 3)]
    outcomes = read_outcomes(spec, published, files, days, as_of)
    assert outcomes.drop_columns(["event_time"]).to_pydict() == {
        "day": [date(2024, 3, 2)] * 2 + [date(2024, 3, 3)] * 2,
        "score": [0.3, 0.4, 0.7, 0.8],
        "decision": [False, False, True, True],
        "label": [False, True, None, None],
        "known_at": [*(datetime(2024, 3, 4, hour, tzinfo=UTC) for hour in (3, 9)), None, None],
    }
    assert outcomes["event_time"].to_pylist()[0] == datetime(2024, 3, 2, 3, tzinfo=UTC)


def test_of_other_days_than_those_of_the_window_nothing_is_read(
    model: Model, run_sql: RunSql, publish: Publish, lake: Path, tmp_path: Path
) -> None:
    # A label that is a number is looked through for NaN.
    run_sql("ALTER TABLE visit_labels ALTER returned TYPE DOUBLE")
    publish()
    spec, day = model({"task": "regression"}), date(2024, 3, 2)
    file = tmp_path / "predicted.parquet"
    outputs = {output.name: [1.0] for output in spec.task.outputs}
    event = {"visit_id": ["v3"], "event_time": [datetime(2024, 3, 2, 3, tzinfo=UTC)]}
    write_parquet(pa.table({**event, "local_date": [day], **outputs}), file)
    others = [
        path
        for path in (lake / "features" / "visit_labels").glob("*/*.parquet")
        if path.parent.name > f"local_date={day}"
    ]
    assert len(others) > 5
    for path in others:
        path.write_bytes(b"no Parquet")
    outcomes = read_outcomes(spec, lake / "features", [file], [day], AS_OF)
    assert outcomes["label"].to_pylist() == [0.0]
    assert labels_settle_at(spec, lake / "features", [day]) is not None
    long_before = datetime(2024, 1, 1, tzinfo=UTC)
    assert count_changed_labels(spec, lake / "features", [day], long_before, AS_OF) == 4


def test_an_outcome_is_known_once_it_is_reported(
    model: Model, published: Path, spec: ModelSpec, tmp_path: Path
) -> None:
    late = model({"label": spec.label.model_dump() | {"reporting_delay_days": 21}})
    file, days = _predicted(tmp_path / "data.parquet", [3, 4]), [date(2024, 3, 2)]
    as_of = datetime(2024, 3, 25, 4, tzinfo=UTC)
    found = read_outcomes(late, published, [file], days, as_of)
    assert found["label"].to_pylist() == [False, None]
    assert found["known_at"].to_pylist() == [datetime(2024, 3, 25, 3, tzinfo=UTC), None]


def test_missing_columns_are_listed_with_those_that_exist(
    spec: ModelSpec, model: Model, published: Path
) -> None:
    features = spec.features.model_dump()
    lacking = model({"features": features | {"numeric": ["age", "weight", "height"]}})
    message = r"visits lacks the columns \['height', 'weight'\]. It has \['age', 'event_time'"
    with pytest.raises(DataError, match=message):
        read_training_rows(lacking, published, AS_OF)
    with pytest.raises(DataError, match=message):
        read_feature_rows(lacking, published, [MARCH.date()])


def test_a_missing_label_is_named(model: Model, published: Path) -> None:
    spec = model({"label": {"table": "visit_labels", "column": "died"}})
    with pytest.raises(DataError, match=r"visit_labels lacks the columns \['died'\]"):
        read_training_rows(spec, published, AS_OF)


def test_columns_of_the_wrong_type_are_named(
    spec: ModelSpec, model: Model, published: Path
) -> None:
    swapped = spec.features.model_dump() | {"numeric": ["ward"], "categorical": ["age"]}
    candidates = spec.training.model_dump()
    with pytest.raises(DataError, match="'ward' of visits is VARCHAR, and DOUBLE is needed"):
        read_training_rows(model({"features": swapped, "training": candidates}), published, AS_OF)
    number = model({"label": {"table": "visits", "column": "age", "known_at": "event_time"}})
    with pytest.raises(DataError, match="'age' of visits is BIGINT, and BOOLEAN is needed"):
        read_training_rows(number, published, AS_OF)


def test_a_table_that_is_not_published_is_named(model: Model, published: Path) -> None:
    spec = model({"label": {"table": "deaths", "column": "died"}})
    with pytest.raises(
        DataError, match=r"nothing is published at .*deaths\. Build 'deaths' first: `mlops train`"
    ):
        read_training_rows(spec, published, AS_OF)


def test_a_time_without_zone_is_refused(spec: ModelSpec, published: Path) -> None:
    naive = AS_OF.replace(tzinfo=None)
    with pytest.raises(DataError, match="as_of=2024-03-31 00:00:00 has no time zone"):
        read_training_rows(spec, published, naive)
    with pytest.raises(DataError, match=r"as_of=.* has no time zone"):
        read_outcomes(spec, published, [Path("nothing.parquet")], [], naive)


def test_booleans_are_handed_on_as_numbers_and_texts_as_strings(
    spec: ModelSpec, model: Model, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql(
        "ALTER TABLE visits ADD COLUMN smokes BOOLEAN",
        "ALTER TABLE visits ADD COLUMN letter VARCHAR",
        "UPDATE visits SET smokes = age > 3, letter = 'Dear \"all\"' WHERE visit_id <> 'v0'",
    )
    publish()
    kinds = {"boolean": ["smokes"], "text": ["letter"]}
    wider = model({"features": spec.features.model_dump() | kinds})
    rows = read_training_rows(wider, lake / "features", AS_OF)
    assert rows.schema.field("smokes").type == pa.float64()
    assert rows.schema.field("letter").type == pa.string()
    assert rows["smokes"].to_pylist()[:5] == [None, 0.0, 0.0, 0.0, 1.0]
    assert rows["letter"].to_pylist()[:2] == [None, 'Dear "all"']
    # Neither a number nor a word for it is a boolean.
    for column, published in (("age", "BIGINT"), ("ward", "VARCHAR")):
        strange = model(
            {"features": {"table": "visits", "entity": "visit_id", "boolean": [column]}}
        )
        with pytest.raises(DataError, match=f"{column}.* is {published}, and BOOLEAN is needed"):
            read_training_rows(strange, lake / "features", AS_OF)


@pytest.mark.parametrize("value", ["nan", "infinity", "-infinity"])
def test_a_label_that_is_no_finite_number_is_refused_by_name(
    value: str, model: Model, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    """Arrow takes NaN for a value, and one of them spoils every mean that it is in."""
    run_sql(
        "ALTER TABLE visit_labels ADD COLUMN days_until_return DOUBLE DEFAULT 3",
        f"UPDATE visit_labels SET days_until_return = '{value}'::DOUBLE WHERE visit_id = 'v7'",
    )
    publish()
    label = {"table": "visit_labels", "column": "days_until_return"}
    spec = model({"task": "regression", "label": label})
    with pytest.raises(DataError, match=r"days_until_return of visit_labels is .*'v7'.*as NULL"):
        read_training_rows(spec, lake / "features", AS_OF)
    with pytest.raises(DataError, match="'v7'"):
        count_new_labels(spec, lake / "features", MARCH, AS_OF)


def test_labels_of_a_regression_are_numbers_whatever_they_are_published_as(
    model: Model, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql("ALTER TABLE visit_labels ADD COLUMN nights INTEGER DEFAULT 3")
    publish()
    spec = model({"task": "regression", "label": {"table": "visit_labels", "column": "nights"}})
    rows = read_training_rows(spec, lake / "features", AS_OF)
    assert rows["nights"].type == pa.float64()
    assert set(rows["nights"].to_pylist()) == {3.0}
