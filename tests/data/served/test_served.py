"""Landing the prediction log: every line once, whatever happens in between."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_platform.data.catalogue import open_catalogue
from mlops_platform.data.served import served
from mlops_platform.data.served.lines import read_lines, served_column
from mlops_platform.data.served.rows import find_request, read_answers, sample_served
from mlops_platform.data.served.served import (
    has_unlanded,
    land_log,
    read_manifest,
    record_judged,
)
from mlops_platform.data.windows import window_named
from mlops_platform.errors import DataError
from mlops_platform.serving.watching.log_file import SECONDS_OPEN, LogFile
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import DEFAULT_TASK
from tests.documents.cases import Case, refuse_undocumented

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
WAITED = Case(
    "a prediction log that ends in half a line, and may still be written to",
    "a landing was asked for every hour, and found nothing",
    "waited for, in silence",
    "",
)
TOLD = Case(
    "a prediction log that ends in half a line, and that nobody writes to any more",
    "a landing was asked for every hour, for ever",
    "in `quarantine/`, and told once as a malformed line",
    "Invalid JSON: EOF while parsing",
)
WHOLE = Case(
    "the same, where the line lacks nothing but its end",
    "lost with the file, when that was deleted",
    "a row like the others",
    "",
)
CASES = [WAITED, TOLD, WHOLE]
Model = Callable[[dict[str, Any]], ModelSpec]


def line(
    visit: str | None = "v16",
    request: str = "r1",
    time: datetime = NOON,
    features: dict[str, Any] | None = None,
    **other: Any,
) -> dict[str, Any]:
    """One line as the service writes it."""
    return {
        "time": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}Z",
        "request_id": request,
        "row": 0,
        "route": "predict",
        "entity": visit,
        "model": "readmission",
        "version": "3",
        "sequence": 2,
        "role": "champion",
        "features": {"age": 4, "pain": 0.5, "ward": "north"} if features is None else features,
        "probability": 0.25,
        "decision": False,
        "latency_ms": 1.5,
        **other,
    }


def append(log: Path, *lines: dict[str, Any] | bytes, file: str = "predictions-1-a.jsonl") -> Path:
    path = log / file
    with path.open("ab") as opened:
        for one in lines:
            opened.write(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n")
    return path


def rows_in(landed: Path) -> list[tuple[Any, ...]]:
    files = sorted(landed.glob("day=*/*.parquet"))
    rows = [row for file in files for row in pq.ParquetFile(file).read().to_pylist()]
    return [(row["request_id"], row["row"]) for row in rows]


def test_lines_land_as_typed_columns_under_their_utc_day(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    late = datetime(2024, 3, 5, 23, 59, 59, 999000, UTC)
    append(log, line(), line(time=late + timedelta(milliseconds=1), request="r2"), line(time=late))
    landing = land_log(spec, log, landed, NOON)
    assert landing.files == (
        "day=2024-03-05/predictions-1-a-000000000000.parquet",
        "day=2024-03-06/predictions-1-a-000000000000.parquet",
    )
    assert (landing.rows, landing.malformed) == (3, 0)
    rows = pq.ParquetFile(landed / landing.files[0]).read()
    assert rows.slice(1, 1).to_pylist() == [
        {
            **{key: value for key, value in line().items() if key != "features"},
            "time": late,
            "redacted": None,
            "release_adjustment": None,
            "age": 4.0,
            "pain": 0.5,
            "ward": "north",
        }
    ]
    assert rows.schema.field("age").type == pa.float64()


def test_probabilities_land_to_the_last_bit(spec: ModelSpec, log: Path, landed: Path) -> None:
    exact = [0.1 + 0.2, 1 / 3, 5e-324, 1 - 2**-53]
    append(log, *(line(probability=probability) for probability in exact))
    [file] = land_log(spec, log, landed, NOON).files
    assert pq.ParquetFile(landed / file).read()["probability"].to_pylist() == exact


def test_landing_twice_lands_nothing_twice(spec: ModelSpec, log: Path, landed: Path) -> None:
    append(log, line(request="r1"))
    append(log, line(request="s1"), file="predictions-2-b.jsonl")
    assert has_unlanded(log, landed, NOON)
    assert land_log(spec, log, landed, NOON).rows == 2
    assert not has_unlanded(log, landed, NOON)
    assert land_log(spec, log, landed, NOON).rows == 0
    append(log, line(request="r2"))
    assert has_unlanded(log, landed, NOON)
    assert land_log(spec, log, landed, NOON).rows == 1
    assert sorted(rows_in(landed)) == [("r1", 0), ("r2", 0), ("s1", 0)]


def test_a_line_lands_when_it_is_complete(spec: ModelSpec, log: Path, landed: Path) -> None:
    whole = json.dumps(line(request="r2")).encode() + b"\n"
    append(log, line(), whole[:50])
    assert land_log(spec, log, landed, NOON).rows == 1
    assert land_log(spec, log, landed, NOON) == served.Landing()
    append(log, whole[50:])
    assert land_log(spec, log, landed, NOON).rows == 1
    assert rows_in(landed) == [("r1", 0), ("r2", 0)]


def days_later(file: Path, days: float) -> datetime:
    """So long after a file was written to."""
    return datetime.fromtimestamp(file.stat().st_mtime, UTC) + timedelta(days=days)


@pytest.mark.parametrize("case", [WAITED], ids=lambda case: case.given)
def test_a_half_line_of_a_file_that_may_grow_is_waited_for(
    spec: ModelSpec, log: Path, landed: Path, case: Case
) -> None:
    file = append(log, line(), b'{"time": "2024')
    now = days_later(file, 0.9)
    assert has_unlanded(log, landed, now)
    assert land_log(spec, log, landed, now).malformed == 0
    assert not has_unlanded(log, landed, now)
    assert case.reads == ""


@pytest.mark.parametrize("case", [TOLD], ids=lambda case: case.given)
def test_a_half_line_of_a_closed_file_is_told_once(
    spec: ModelSpec, log: Path, landed: Path, case: Case
) -> None:
    file = append(log, line(), b'{"time": "2024')
    land_log(spec, log, landed, NOON)
    now = days_later(file, 1.1)
    assert has_unlanded(log, landed, now)
    told = land_log(spec, log, landed, now)
    assert (told.rows, told.malformed) == (0, 1)
    assert case.reads in told.reasons[0]
    [kept] = (landed / "quarantine").iterdir()
    assert json.loads(kept.read_text())["line"] == '{"time": "2024'
    assert not has_unlanded(log, landed, now)
    assert land_log(spec, log, landed, now) == served.Landing()
    assert rows_in(landed) == [("r1", 0)]


@pytest.mark.parametrize("case", [WHOLE], ids=lambda case: case.given)
def test_a_last_line_that_lacks_its_end_alone_is_a_row(
    spec: ModelSpec, log: Path, landed: Path, case: Case
) -> None:
    file = append(log, line(), json.dumps(line(request="r2")).encode())
    assert land_log(spec, log, landed, days_later(file, 1.1)).rows == 2
    assert rows_in(landed) == [("r1", 0), ("r2", 0)]
    assert case.reads == ""


def test_a_worker_has_closed_its_file_before_its_half_line_is_told() -> None:
    assert served.OPEN_FOR.total_seconds() > SECONDS_OPEN


def test_the_cases_are_documented() -> None:
    refuse_undocumented("Statistics and serving", CASES)


class Crash(BaseException):
    """The process is killed."""


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 6)), min_size=1, max_size=6),
    piece=st.sampled_from([1, 400, 1000, 10_000]),
)
def test_no_crash_loses_or_doubles_a_row(
    spec: ModelSpec,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int]],
    piece: int,
) -> None:
    """Between any two writes of any landing the process may die; lines come in meanwhile."""
    root = tmp_path_factory.mktemp("crash")
    log, landed, written = root / "log", root / "served", 0
    log.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "PIECE_BYTES", piece)
        for lines, writes_before_death in steps:
            for _ in range(lines):
                # Every other row is of the next day, so that a piece makes two files.
                moment = NOON + timedelta(days=written % 2)
                append(log, line(request=f"r{written}", time=moment))
                written += 1
            die_after(patch, writes_before_death)
            with suppress(Crash):
                land_log(spec, log, landed, NOON)
        die_after(patch, 10**9)
        land_log(spec, log, landed, NOON)
    assert sorted(rows_in(landed)) == sorted((f"r{at}", 0) for at in range(written))


def die_after(patch: pytest.MonkeyPatch, writes: int) -> None:
    """Let the process die before the write that comes after that many."""
    from mlops_platform.data.parquet import write_parquet
    from mlops_platform.files import write_text

    left = [writes]

    def guarded(write: Callable[..., None]) -> Callable[..., None]:
        def write_or_die(*arguments: Any) -> None:
            if not left[0]:
                raise Crash
            left[0] -= 1
            write(*arguments)

        return write_or_die

    patch.setattr(served, "write_parquet", guarded(write_parquet))
    patch.setattr(served, "write_text", guarded(write_text))


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"null\n", "should be an object"),
        (b"\n", "EOF"),
        (b"{}{}\n", "trailing"),
        (b'{"time": "2024-03-05T12:00:00Z"}\n', "request_id: Field required"),
        (b"\xff\xfe\n", "Invalid JSON"),
        (b"\x00" * 100 + b"\n", "Invalid JSON"),
        (b"[" * 10_000 + b"\n", "recursion"),
        (json.dumps(line(model="other")).encode() + b"\n", "'other' is another one"),
        (json.dumps(line(probability=1.5)).encode() + b"\n", "probability"),
        (json.dumps(line(probability="0.5")).encode() + b"\n", "probability"),
        (json.dumps(line(probability=float("nan"))).encode() + b"\n", "probability"),
        (json.dumps(line(features={"age": "four"})).encode() + b"\n", "features.age"),
        (json.dumps(line(features={"ward": 4})).encode() + b"\n", "features.ward"),
        (json.dumps(line(features={"ward": ["a"]})).encode() + b"\n", "features.ward"),
        (json.dumps(line(role="king")).encode() + b"\n", "role"),
        (json.dumps(line(stranger=1)).encode() + b"\n", "stranger"),
        (json.dumps(line(time=NOON) | {"time": "2024-03-05T12:00:00"}).encode() + b"\n", "time"),
        (json.dumps(line(sequence=2**40)).encode() + b"\n", "sequence"),
    ],
)
def test_a_malformed_line_is_kept_apart_and_spoils_no_other(
    spec: ModelSpec, log: Path, landed: Path, bad: bytes, reason: str
) -> None:
    append(log, line(request="r1"), bad, line(request="r2"))
    landing = land_log(spec, log, landed, NOON)
    assert (landing.rows, landing.malformed) == (2, 1)
    assert reason in landing.reasons[0]
    [kept] = (landed / "quarantine").iterdir()
    [entry] = map(json.loads, kept.read_text().splitlines())
    assert entry["line"].encode() in bad or b"\xff" in bad
    assert rows_in(landed) == [("r1", 0), ("r2", 0)]
    assert land_log(spec, log, landed, NOON).malformed == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300).filter(lambda content: b"\n" not in content))
def test_no_bytes_make_the_reader_fail(spec: ModelSpec, content: bytes) -> None:
    read = read_lines([content], spec)
    assert read.rows.num_rows + len(read.malformed) == 1


def test_features_that_the_yaml_no_longer_names_land_as_well(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    append(log, line(features={"age": 4, "pain": 0.5, "ward": None, "height": 2, "colour": "red"}))
    [file] = land_log(spec, log, landed, NOON).files
    [row] = pq.ParquetFile(landed / file).read().to_pylist()
    assert (row["height"], row["colour"], row["ward"]) == (2.0, "red", None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    smokes=st.none() | st.booleans(),
    letter=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
def test_booleans_and_texts_land_as_they_were_sent(
    spec: ModelSpec, smokes: bool | None, letter: str | None
) -> None:
    features = spec.features.model_copy(update={"boolean": ("smokes",), "text": ("letter",)})
    wider = spec.model_copy(update={"features": features})
    logged = json.dumps(line(features={"smokes": smokes, "letter": letter})).encode()
    rows, malformed = read_lines([logged], wider)
    assert not malformed
    assert (rows.schema.field("smokes").type, rows.schema.field("letter").type) == (
        pa.bool_(),
        pa.string(),
    )
    assert rows.select(["smokes", "letter"]).to_pylist() == [{"smokes": smokes, "letter": letter}]
    # The same of a version whose YAML names neither.
    unnamed = read_lines([logged], spec).rows
    assert unnamed.select(["smokes", "letter"]).to_pylist() == [
        {"smokes": smokes, "letter": letter}
    ]


@pytest.mark.parametrize("value", [2, 0.5, "true"])
def test_what_is_no_boolean_is_kept_apart(spec: ModelSpec, value: Any) -> None:
    features = spec.features.model_copy(update={"boolean": ("smokes",)})
    wider = spec.model_copy(update={"features": features})
    read = read_lines([json.dumps(line(features={"smokes": value})).encode()], wider)
    (malformed,) = read.malformed
    assert malformed.reason.startswith("features.smokes: ")
    assert malformed.reason.endswith(" is no bool")


@pytest.mark.parametrize("logged", [True, 1, 1.0])
def test_a_flag_that_is_declared_otherwise_than_the_served_version_has_it_lands(
    spec: ModelSpec, logged: float | bool
) -> None:
    flags = spec.features.model_copy(update={"boolean": ("smokes",)})
    numbers = spec.features.model_copy(update={"numeric": (*spec.features.numeric, "smokes")})
    of_request = json.dumps(line(features={"smokes": logged})).encode()
    for features, landed in ((flags, True), (numbers, 1.0)):
        rows, malformed = read_lines([of_request], spec.model_copy(update={"features": features}))
        assert not malformed
        [value] = rows["smokes"].to_pylist()
        assert (value, type(value)) == (landed, type(landed))


def test_a_feature_named_like_a_column_of_the_log_has_another_name(model: Model) -> None:
    names = ("model", "probability", "release_adjustment", "day")
    taken = [served_column(name, DEFAULT_TASK) for name in names]
    assert taken == [f"feature_{name}" for name in names]
    assert served_column("age", DEFAULT_TASK) == "age"
    features = {
        "table": "visits",
        "entity": "visit_id",
        "numeric": ["row"],
        "categorical": ["model"],
    }
    read = read_lines(
        [json.dumps(line(features={"row": 7, "model": "x"})).encode()],
        model({"features": features}),
    )
    [row] = read.rows.to_pylist()
    assert (row["row"], row["model"]) == (0, "readmission")
    assert (row["feature_row"], row["feature_model"]) == (7.0, "x")


def test_landed_files_are_deleted_when_they_are_old(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    old = append(log, line(), b"torn")
    young = append(log, line(request="r2"), file="predictions-2-b.jsonl")
    now = datetime(2024, 6, 1, tzinfo=UTC)
    oldest_kept = now - timedelta(days=spec.serving.log.keep_days)
    for file, age in ((old, timedelta(seconds=1)), (young, timedelta(0))):
        os.utime(file, ((oldest_kept - age).timestamp(),) * 2)
    landing = land_log(spec, log, landed, now)
    assert (landing.rows, landing.deleted) == (2, (old.name,))
    assert list(log.iterdir()) == [young]
    assert set(read_manifest(landed).offsets) == {young.name}
    assert len(rows_in(landed)) == 2


def test_a_clock_that_jumps_30_days_ahead_deletes_no_open_log(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    worker = LogFile(log, "predictions-1", most_bytes=1_000_000)
    half = json.dumps(line(request="r2")).encode()
    assert worker.append(json.dumps(line()).encode() + b"\n" + half[:9])
    [file] = log.iterdir()
    later = datetime.now(UTC) + timedelta(days=spec.serving.log.keep_days + 30)
    landing = land_log(spec, log, landed, later)
    assert (landing.rows, landing.malformed, landing.deleted) == (1, 0, ())
    assert worker.append(half[9:] + b"\n")
    assert list(log.iterdir()) == [file]
    assert land_log(spec, log, landed, later).rows == 1
    worker.close()
    assert land_log(spec, log, landed, later).deleted == (file.name,)


def test_a_log_that_is_away_for_a_while_does_not_land_again(
    spec: ModelSpec, log: Path, landed: Path
) -> None:
    append(log, line())
    land_log(spec, log, landed, NOON)
    log.rename(log.with_name("away"))
    assert land_log(spec, log, landed, NOON) == served.Landing()
    log.with_name("away").rename(log)
    assert land_log(spec, log, landed, NOON).rows == 0


def test_a_broken_manifest_is_refused(spec: ModelSpec, log: Path, landed: Path) -> None:
    append(log, line())
    landed.mkdir(parents=True)
    (landed / "landed.json").write_text("[]")
    with pytest.raises(DataError, match="is no manifest"):
        land_log(spec, log, landed, NOON)


def test_files_wait_for_their_verdict(spec: ModelSpec, log: Path, landed: Path) -> None:
    append(log, line())
    first = land_log(spec, log, landed, NOON).files
    append(log, line())
    second = land_log(spec, log, landed, NOON).files
    assert read_manifest(landed).unjudged == first + second
    record_judged(landed, first)
    assert read_manifest(landed).unjudged == second
    assert read_manifest(landed).judged == first


def test_a_sample_is_always_the_same(spec: ModelSpec, log: Path, landed: Path) -> None:
    append(log, *(line(request=f"r{at}") for at in range(50)))
    files = land_log(spec, log, landed, NOON).files
    sample, rows = sample_served(landed, files, 10)
    again, _ = sample_served(landed, files, 10)
    assert rows == 50
    assert sample.num_rows == 10
    assert sample.equals(again)
    assert sample_served(landed, files, 1000)[0].num_rows == 50


def test_a_request_is_found_wherever_it_is(spec: ModelSpec, log: Path, landed: Path) -> None:
    append(log, line(request="r1", row=1), line(request="r1", role="shadow"), line(request="r10"))
    before = find_request(spec, log, landed, "r1")
    assert before["role"].to_pylist() == ["champion", "shadow"]
    land_log(spec, log, landed, NOON)
    append(log, line(request="r1", time=NOON + timedelta(days=1)))
    after = find_request(spec, log, landed, "r1")
    assert after.slice(0, 2).equals(before)
    assert after.num_rows == 3
    assert find_request(spec, log, landed, "r").num_rows == 0
    assert find_request(spec, log / "none", landed / "none", "r1").num_rows == 0


@pytest.mark.parametrize("value", [True, 0.25])
def test_a_request_is_found_where_a_feature_has_changed_its_kind(
    spec: ModelSpec, log: Path, landed: Path, value: float | bool
) -> None:
    declared = {
        kind: spec.model_copy(update={"features": spec.features.model_copy(update=names)})
        for kind, names in {
            float: {"numeric": (*spec.features.numeric, "smokes")},
            bool: {"boolean": ("smokes",)},
        }.items()
    }
    append(log, line(features={"smokes": value}))
    before = type(value)
    land_log(declared[before], log, landed, NOON)
    append(log, line(time=NOON + timedelta(days=1), features={"smokes": False}))
    [after] = declared.keys() - {before}
    rows = find_request(declared[after], log, landed, "r1")
    assert rows["smokes"].to_pylist() == [float(value), 0.0]


def test_the_catalogue_shows_what_was_served(
    spec: ModelSpec, log: Path, landed: Path, lake: Path
) -> None:
    append(log, line(), line(time=NOON + timedelta(days=1), probability=0.75))
    land_log(spec, log, landed, NOON)
    with open_catalogue(lake) as catalogue:
        asked = 'SELECT day, ward, probability FROM served.readmission ORDER BY "day"'
        assert catalogue.execute(asked).fetchall() == [
            (date(2024, 3, 5), "north", 0.25),
            (date(2024, 3, 6), "north", 0.75),
        ]
        listed = "SELECT rows, partitions FROM catalogue WHERE schema = 'served'"
        assert catalogue.execute(listed).fetchall() == [(2, 2)]


# v20 is of the day after, v39 of the next week.
EVENT_OF_V16 = datetime(2024, 3, 5, 9, tzinfo=UTC)


def answers(
    spec: ModelSpec, landed: Path, published: Path, window: str = "2024-03-04"
) -> list[dict[str, Any]]:
    found = read_answers(spec, landed, published, window_named(spec.window, window))
    assert found is not None
    return found.to_pylist()


def test_the_last_answer_before_the_event_counts(
    spec: ModelSpec, log: Path, landed: Path, published: Path
) -> None:
    hour = timedelta(hours=1)
    for request, moment in (("early", -3), ("last", -1), ("late", 1)):
        append(log, line("v16", request, EVENT_OF_V16 + moment * hour))
    append(
        log, line("v20", "late1", NOON + 5 * 24 * hour), line("v20", "late2", NOON + 6 * 24 * hour)
    )
    land_log(spec, log, landed, NOON)
    found = answers(spec, landed, published)
    assert [(row["entity"], row["request_id"]) for row in found] == [
        ("v16", "last"),
        ("v20", "late2"),
    ]
    assert found[0]["event_time"] == EVENT_OF_V16
    assert found[0]["partition"] == date(2024, 3, 5)


def test_shadows_strangers_and_other_windows_are_no_answers(
    spec: ModelSpec, log: Path, landed: Path, published: Path
) -> None:
    append(
        log,
        line("v16", "shadow", role="shadow"),
        line(None, "nobody"),
        line("v39", "next week"),
        line("v20", "canary", role="challenger"),
    )
    land_log(spec, log, landed, NOON)
    assert [row["request_id"] for row in answers(spec, landed, published)] == ["canary"]
    [later] = answers(spec, landed, published, "2024-03-11")
    assert later["request_id"] == "next week"


def test_who_was_never_published_belongs_to_the_local_day_of_the_answer(
    model: Model, log: Path, landed: Path, published: Path
) -> None:
    # Monday 04:30 in UTC is still Sunday in New York.
    spec = model({"window": {"start": date(2024, 3, 4), "timezone": "America/New_York"}})
    moment = datetime(2024, 3, 11, 3, 30, tzinfo=UTC)
    append(
        log, line("unknown", "sunday", moment), line("other", "monday", moment + timedelta(hours=1))
    )
    land_log(spec, log, landed, NOON)
    [sunday] = answers(spec, landed, published)
    assert (sunday["request_id"], sunday["event_time"]) == ("sunday", moment)
    assert sunday["partition"] == date(2024, 3, 10)
    assert [row["request_id"] for row in answers(spec, landed, published, "2024-03-11")] == [
        "monday"
    ]


def test_without_event_time_an_entity_belongs_to_the_day_of_its_last_answer(
    model: Model, log: Path, landed: Path, published: Path
) -> None:
    plain = model({}).model_dump()
    plain["features"]["event_time"] = None
    spec = model({"features": plain["features"]})
    week = timedelta(days=7)
    append(log, line("v16", "first", NOON), line("v16", "again", NOON + week), line("v20", "alone"))
    land_log(spec, log, landed, NOON)
    found = answers(spec, landed, published)
    assert [(row["request_id"], row["event_time"]) for row in found] == [
        ("first", NOON),
        ("alone", NOON),
    ]
    (later,) = answers(spec, landed, published, "2024-03-11")
    assert (later["request_id"], later["partition"]) == ("again", date(2024, 3, 12))


def test_without_a_landed_log_there_are_no_answers(spec: ModelSpec, landed: Path) -> None:
    window = window_named(spec.window, "2024-03-04")
    assert read_answers(spec, landed, landed, window) is None


def test_duckdb_reads_days_with_other_features_together(
    model: Model, spec: ModelSpec, log: Path, landed: Path
) -> None:
    append(log, line())
    land_log(spec, log, landed, NOON)
    features = {"table": "visits", "entity": "visit_id", "numeric": ["height"]}
    append(log, line(time=NOON + timedelta(days=1), features={"height": 2}))
    land_log(model({"features": features}), log, landed, NOON)
    query = (
        f"FROM read_parquet('{landed}/day=*/*.parquet', union_by_name = true) SELECT age, height"
    )
    assert sorted(duckdb.sql(query).fetchall(), key=str) == [(4.0, None), (None, 2.0)]
