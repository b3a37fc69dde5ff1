"""Labels with versions: what was known of a visit at a moment stays what was known then."""

import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_platform.data.features.features import (
    labelled_batches,
    read_outcomes,
    read_training_rows,
)
from mlops_platform.data.features.labels import (
    count_changed_labels,
    count_new_labels,
    labels_settle_at,
    since_first_known,
)
from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.training_set import snapshot_training_set
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from tests.data.conftest import MODEL
from tests.data.features.claims import claim

Model = Callable[[dict[str, Any]], ModelSpec]
RunSql = Callable[..., None]
Publish = Callable[[], object]

APRIL, MAY = (datetime(2024, month, 15, tzinfo=UTC) for month in (4, 5))
CORRECTED = "2024-05-01 12:00:00+00"
V7, V7_DAY = "visit_id = 'v7'", date(2024, 3, 3)
"""A visit that did not return, as was known in March."""


@pytest.fixture
def correct(run_sql: RunSql, publish: Publish, lake: Path) -> Callable[..., Path]:
    """The label of v7 becomes another one in May, if any; the root of what is published."""
    run_sql("ALTER TABLE visit_labels ADD COLUMN superseded_at TIMESTAMPTZ")

    def correct(value: str | None = "true", day: str = "local_date") -> Path:
        if value is not None:
            run_sql(
                f"INSERT INTO visit_labels SELECT visit_id, {day}, {value}, "
                f"TIMESTAMPTZ '{CORRECTED}', NULL FROM visit_labels WHERE {V7}"
            )
        run_sql(
            f"UPDATE visit_labels SET superseded_at = '{CORRECTED}' "
            f"WHERE {V7} AND known_at < '{CORRECTED}'"
        )
        publish()
        return lake / "features"

    return correct


def label_of_v7(rows: pa.Table) -> list[bool | None]:
    of_v7 = pa.compute.equal(rows["visit_id"], "v7")
    return rows.filter(of_v7)["returned"].to_pylist()


def test_a_label_that_is_corrected_in_may_is_in_april_what_it_was(
    spec: ModelSpec, correct: Callable[..., Path]
) -> None:
    published = correct()
    april, may = (read_training_rows(spec, published, moment) for moment in (APRIL, MAY))
    assert (label_of_v7(april), label_of_v7(may)) == ([False], [True])
    assert april.num_rows == may.num_rows == 40
    assert "superseded_at" not in april.column_names


def test_a_training_set_of_april_is_the_same_before_and_after_a_correction_in_may(
    spec: ModelSpec, published: Path, correct: Callable[..., Path], tmp_path: Path
) -> None:
    before = snapshot_training_set(spec, published, tmp_path / "sets", APRIL)
    after = snapshot_training_set(spec, correct(), tmp_path / "sets", APRIL)
    assert after.hash == before.hash
    assert snapshot_training_set(spec, published, tmp_path / "sets", MAY).hash != before.hash


def test_a_correction_counts_from_the_moment_at_which_it_is_reported(
    spec: ModelSpec, model: Model, correct: Callable[..., Path]
) -> None:
    published = correct()
    late = model({"label": spec.label.model_dump() | {"reporting_delay_days": 21}})
    moment = datetime.fromisoformat(CORRECTED) + timedelta(days=21)
    for as_of, label in ((moment - timedelta(seconds=1), False), (moment, True)):
        assert label_of_v7(read_training_rows(late, published, as_of)) == [label]


def test_a_label_that_is_taken_back_is_none_from_then_on(
    spec: ModelSpec, correct: Callable[..., Path]
) -> None:
    published = correct(None)
    assert label_of_v7(read_training_rows(spec, published, APRIL)) == [False]
    assert label_of_v7(read_training_rows(spec, published, MAY)) == []


def test_a_label_meets_the_features_of_its_own_day_only(
    spec: ModelSpec, correct: Callable[..., Path]
) -> None:
    published = correct("true", day="local_date + 1")
    assert label_of_v7(read_training_rows(spec, published, APRIL)) == [False]
    assert label_of_v7(read_training_rows(spec, published, MAY)) == []


def test_a_number_that_was_none_and_is_corrected_spoils_only_what_it_was_known_in(
    model: Model, run_sql: RunSql, correct: Callable[..., Path]
) -> None:
    run_sql(
        "ALTER TABLE visit_labels ALTER returned TYPE DOUBLE",
        f"UPDATE visit_labels SET returned = 'nan' WHERE {V7}",
    )
    published = correct("2")
    spec = model({"task": "regression", "label": {"table": "visit_labels", "column": "returned"}})
    assert label_of_v7(read_training_rows(spec, published, MAY)) == [2.0]
    with pytest.raises(DataError, match="'v7'"):
        read_training_rows(spec, published, APRIL)


def test_versions_that_overlap_are_refused_with_what_to_do(
    spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path, correct: Callable[..., Path]
) -> None:
    correct()
    run_sql("UPDATE visit_labels SET superseded_at = NULL")
    publish()
    message = "'v7'.* versions, each ends, by its `superseded_at`, no later than the next one beg"
    with pytest.raises(DataError, match=message):
        snapshot_training_set(spec, lake / "features", lake / "sets", MAY)


def test_a_moment_of_another_type_is_named(
    spec: ModelSpec, run_sql: RunSql, publish: Publish, lake: Path
) -> None:
    run_sql("ALTER TABLE visit_labels ADD COLUMN superseded_at VARCHAR")
    publish()
    with pytest.raises(DataError, match="'superseded_at' of visit_labels is VARCHAR"):
        read_training_rows(spec, lake / "features", APRIL)


def test_a_correction_is_a_new_label_and_changes_one_of_its_day(
    spec: ModelSpec, correct: Callable[..., Path]
) -> None:
    published, moment = correct(), datetime.fromisoformat(CORRECTED)
    assert count_new_labels(spec, published, APRIL, MAY) == 1
    assert count_changed_labels(spec, published, [V7_DAY], APRIL, MAY) == 1
    assert count_changed_labels(spec, published, [date(2024, 3, 4)], APRIL, MAY) == 0
    assert labels_settle_at(spec, published, [V7_DAY]) == moment
    assert labels_settle_at(spec, published, [date(2025, 1, 1)]) is None


def test_a_corrected_label_is_known_since_it_first_was(
    spec: ModelSpec, published: Path, correct: Callable[..., Path]
) -> None:
    of_before = read_training_rows(spec, published, APRIL)
    corrected = correct()
    rows = read_training_rows(spec, corrected, MAY)
    known = since_first_known(spec, corrected, rows)
    assert known.schema == rows.schema
    assert known["known_at"] == of_before["known_at"] != rows["known_at"]
    assert known.drop_columns("known_at") == rows.drop_columns("known_at")


class Version(NamedTuple):
    """What was known of a visit, from one moment until another."""

    visit: str
    day: date
    returned: bool | None
    known_at: datetime
    superseded_at: datetime | None

    def stands_at(self, moment: datetime) -> bool:
        gone = self.superseded_at is not None and self.superseded_at <= moment
        return self.known_at <= moment and not gone


FIRST = datetime(2024, 3, 4, tzinfo=UTC)
DAYS = [FIRST.date() + timedelta(days=day) for day in range(3)]
HOURS = st.integers(0, 12 * 24).map(lambda hours: FIRST + timedelta(hours=hours))


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Of every visit versions that do not overlap, with gaps where it was taken back."""
    versions = []
    for visit in range(draw(st.integers(1, 4))):
        moments = sorted(draw(st.lists(HOURS, min_size=1, max_size=6, unique=True)))
        for known_at, until in zip(moments, [*moments[1:], None], strict=True):
            if draw(st.integers(0, 4)) or (known_at == moments[0] and not versions):
                value = draw(st.sampled_from([True, False, None]))
                version = Version(f"v{visit}", draw(st.sampled_from(DAYS)), value, known_at, until)
                versions.append(version)
    return versions


def _write(folder: Path, versions: Sequence[Version], visits: Sequence[str]) -> Path:
    """Publish features of every visit on every day, and the labels; a file of predictions."""
    utc = pa.timestamp("us", tz="UTC")
    for day in DAYS:
        event = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        features = {
            "visit_id": visits,
            "event_time": pa.array([event] * len(visits), utc),
            **{name: [1.0] * len(visits) for name in ("age", "pain")},
            **{name: ["x"] * len(visits) for name in ("ward", "sex")},
        }
        write_parquet(pa.table(features), folder / f"visits/local_date={day}/data.parquet")
        of_day = [version for version in versions if version.day == day]
        labels = {
            "visit_id": pa.array([one.visit for one in of_day], pa.string()),
            "returned": pa.array([one.returned for one in of_day], pa.bool_()),
            "known_at": pa.array([one.known_at for one in of_day], utc),
            "superseded_at": pa.array([one.superseded_at for one in of_day], utc),
        }
        write_parquet(pa.table(labels), folder / f"visit_labels/local_date={day}/data.parquet")
    for table in ("visits", "visit_labels"):
        claim(folder / table)
    rows = [(visit, day) for day in DAYS for visit in visits]
    predicted = {
        "visit_id": [visit for visit, _ in rows],
        "event_time": pa.array(
            [datetime(day.year, day.month, day.day, 9, tzinfo=UTC) for _, day in rows], utc
        ),
        "local_date": [day for _, day in rows],
        "score": [float(at) for at in range(len(rows))],
        "decision": [True] * len(rows),
    }
    file = folder / "predictions.parquet"
    write_parquet(pa.table(predicted), file)
    return file


@settings(max_examples=60)
@given(histories(), HOURS, HOURS, st.integers(0, 3))
def test_what_is_read_is_what_stood_at_the_moment(
    versions: list[Version], as_of: datetime, after: datetime, delay: int
) -> None:
    """Against a reading in plain Python."""
    label = {"table": "visit_labels", "column": "returned", "reporting_delay_days": delay}
    spec = ModelSpec.model_validate(MODEL | {"label": label})
    late = timedelta(days=delay)
    visits = sorted({version.visit for version in versions})
    standing = {(one.visit, one.day): one for one in versions if one.stands_at(as_of - late)}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        file = _write(folder, versions, visits)

        trained = read_training_rows(spec, folder, as_of)
        expected = {
            (*key, one.returned, one.known_at)
            for key, one in standing.items()
            if one.returned is not None and one.day <= (as_of - timedelta(hours=9)).date()
        }
        columns = ("visit_id", "local_date", "returned", "known_at")
        assert sorted(zip(*(trained[name].to_pylist() for name in columns), strict=True)) == sorted(
            expected
        )

        moments = {DAYS[0]: as_of, DAYS[2]: after}
        batches = list(labelled_batches(spec, folder, moments))
        read = sorted(
            tuple(row[name] for name in columns) for batch in batches for row in batch.to_pylist()
        )
        assert read == sorted(
            (one.visit, one.day, one.returned, one.known_at)
            for one in versions
            if one.day in moments
            and one.stands_at(moments[one.day] - late)
            and one.returned is not None
        )

        outcomes = read_outcomes(spec, folder, [file], DAYS, as_of)
        known = [standing.get((visit, day)) for day in DAYS for visit in visits]
        assert outcomes["label"].to_pylist() == [one and one.returned for one in known]
        assert outcomes["known_at"].to_pylist() == [one and one.known_at + late for one in known]

        assert count_new_labels(spec, folder, after, as_of) == sum(
            one.returned is not None and one.known_at > after - late for one in standing.values()
        )
        between = [
            one.visit
            for one in versions
            for moment in (one.known_at, one.superseded_at)
            if moment is not None and after - late < moment <= as_of - late
        ]
        assert count_changed_labels(spec, folder, DAYS, after, as_of) == len({*between})
        moments_of_all = [moment for one in versions for moment in one[3:] if moment is not None]
        assert labels_settle_at(spec, folder, DAYS) == max(moments_of_all) + late
