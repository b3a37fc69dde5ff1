"""Looking features up, in real SQLite files and a real Postgres, as exports replace them."""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.data.online.writers import write_postgres, write_sqlite
from mlops_platform.serving.online import sqlite_store
from mlops_platform.serving.online.source import StoreUnavailable
from mlops_platform.serving.online.store import (
    OnlineStore,
    StaleFeatures,
    UnknownEntity,
    read_export,
)
from mlops_platform.serving.schema import FeatureSchema
from mlops_platform.spec.online_layout import OnlineExport, is_postgres, libpq_url
from tests.documents.cases import Case, refuse_undocumented

CASES = [
    Case(
        "an online export that is dated in the future",
        "fresh until then, and `stale_after_minutes` longer",
        "503 of the service, and the check `online_features_are_fresh` fails",
        "in the future: correct the clock of the machine that exports",
    )
]
HOUR = timedelta(hours=1)
MOMENT = datetime(2013, 7, 1, 12, tzinfo=UTC)
FLIGHT = {
    "carrier": None,
    "copy": 0.1,
    "a_later_feature": 7.0,
    "distance_miles": 1400.0,
    "late_rate": 0.1 + 0.2,
    "media_type": "radio",
}
Write = Callable[..., OnlineExport]


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """URL of a real Postgres as libpq takes it."""
    return libpq_url(postgres_server)


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "a folder?#%" / "flight_delay.sqlite"
    url: str = request.getfixturevalue("postgres")
    in_postgres(url, "DROP TABLE IF EXISTS mlops_online_features, mlops_online_export")
    return url


def in_postgres(url: str, statement: str) -> None:
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    connection.cursor().execute(statement)
    connection.close()


def export_of(**changes: Any) -> OnlineExport:
    described = OnlineExport(
        model="flight_delay",
        entity="flight_id",
        numeric=("distance_miles", "late_rate", "copy", "a_later_feature"),
        categorical=("carrier", "media_type"),
        feature_snapshot="5e7",
        rows=1,
        oldest=MOMENT,
        newest=MOMENT,
        as_of=MOMENT,
        exported_at=datetime.now(UTC),
    )
    return described.model_copy(update=changes)


def write_to(
    location: Path | str, flights: Mapping[str, Mapping[str, Any]] | None = None, **changes: Any
) -> OnlineExport:
    """An export of some flights; `changes` replace what the store says of itself."""
    flights = {"flight-7": FLIGHT} if flights is None else flights
    rows = [(key, MOMENT.isoformat(), json.dumps(flight)) for key, flight in flights.items()]
    export = export_of(**{"rows": len(rows), **changes})
    if is_postgres(location):
        return write_postgres(str(location), export.model, rows, lambda: export)
    return write_sqlite(Path(location), rows, lambda: export)


@pytest.fixture
def write(location: Path | str) -> Write:
    return lambda *args, **changes: write_to(location, *args, **changes)


@pytest.fixture
def store(location: Path | str, schema: FeatureSchema) -> Iterator[OnlineStore]:
    store = OnlineStore.open(location, schema, HOUR)
    yield store
    store.close()


@pytest.fixture
def always_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is looked at on every lookup, instead of once a second."""
    monkeypatch.setattr(sqlite_store, "CHECK_SECONDS", 0)


def test_a_known_entity_has_its_features_in_the_order_of_the_schema(
    store: OnlineStore, write: Write, schema: FeatureSchema
) -> None:
    exported = write()
    found = store.lookup("flight-7")
    assert list(found.features) == list(schema.names)
    assert found.features == {name: FLIGHT[name] for name in schema.names}
    assert found.features["carrier"] is None
    assert (found.event_time, found.exported_at) == (MOMENT, exported.exported_at)
    assert 0 <= found.age_seconds < 60


def test_an_unknown_entity_is_told_with_the_age_of_the_export(
    store: OnlineStore, write: Write
) -> None:
    write(exported_at=datetime.now(UTC) - timedelta(minutes=30))
    with pytest.raises(
        UnknownEntity, match=r"flight_id: 'flight-8' .* 1 entities .* 0:3\d:\d\d ago"
    ):
        store.lookup("flight-8")


@pytest.mark.parametrize("nasty", ["", "a\x00b", "\ud800", "' OR '1'='1", "%", "ü" * 10_000])
def test_a_strange_key_is_an_unknown_one(store: OnlineStore, write: Write, nasty: str) -> None:
    write()
    with pytest.raises(UnknownEntity) as raised:
        store.lookup(nasty)
    assert len(str(raised.value)) < 1000
    assert store.lookup("flight-7")


def test_an_old_export_is_refused_for_every_entity(store: OnlineStore, write: Write) -> None:
    write(exported_at=datetime.now(UTC) - 2 * HOUR)
    for entity in ("flight-7", "flight-8"):
        with pytest.raises(StaleFeatures, match=r"2:0\d:\d\d ago, and more than 1:00:00 is stale"):
            store.lookup(entity)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.given)
def test_an_export_of_the_future_is_not_fresh(store: OnlineStore, write: Write, case: Case) -> None:
    write(exported_at=datetime.now(UTC) + 2 * HOUR)
    with pytest.raises(StaleFeatures, match=case.reads):
        store.lookup("flight-7")


def test_clocks_may_be_seconds_apart(store: OnlineStore, write: Write) -> None:
    write(exported_at=datetime.now(UTC) + timedelta(seconds=30))
    assert store.lookup("flight-7").age_seconds == 0


def test_the_cases_are_documented() -> None:
    refuse_undocumented("Statistics and serving", CASES)


def test_a_replayed_year_is_not_stale(store: OnlineStore, write: Write) -> None:
    write(as_of=MOMENT)  # it is 2013 in the deployment, and the export was written just now
    assert store.lookup("flight-7").event_time.year == 2013


def test_a_newer_export_is_followed(store: OnlineStore, write: Write, always_looking: None) -> None:
    write()
    assert store.lookup("flight-7").features["copy"] == 0.1
    newer = write({"flight-9": {**FLIGHT, "copy": 0.2}})
    found = store.lookup("flight-9")
    assert (found.features["copy"], found.exported_at) == (0.2, newer.exported_at)
    with pytest.raises(UnknownEntity):
        store.lookup("flight-7")


def test_a_store_that_is_not_there_yet_is_found_once_it_is(
    store: OnlineStore, write: Write, always_looking: None
) -> None:
    with pytest.raises(StoreUnavailable, match="materialise the asset online_features"):
        store.lookup("flight-7")
    write()
    assert store.lookup("flight-7")


def test_the_store_of_another_model_is_refused(
    location: Path | str, write: Write, store: OnlineStore
) -> None:
    write(entity="tail_number")
    with pytest.raises(StoreUnavailable, match="by tail_number, and flight_delay by flight_id"):
        store.lookup("flight-7")
    # and again, not only the first time
    with pytest.raises(StoreUnavailable):
        store.lookup("flight-7")


@pytest.mark.parametrize(
    ("kinds", "lacking"),
    [
        ({"numeric": ("distance_miles", "copy")}, "late_rate"),
        ({"categorical": ("media_type",), "numeric": ("carrier", "late_rate")}, "carrier"),
    ],
)
def test_a_store_without_a_column_of_the_model_is_refused_by_name(
    store: OnlineStore, write: Write, kinds: dict[str, Any], lacking: str
) -> None:
    write(**kinds)
    with pytest.raises(StoreUnavailable, match=f"lacks .*'{lacking}'"):
        store.lookup("flight-7")


def test_a_number_that_the_store_calls_a_flag_is_served(store: OnlineStore, write: Write) -> None:
    write(numeric=("distance_miles", "copy"), boolean=("late_rate",))
    assert store.lookup("flight-7").features["late_rate"] == FLIGHT["late_rate"]


def test_readers_see_one_export_or_the_other_while_many_are_written(
    store: OnlineStore, write: Write, always_looking: None
) -> None:
    write({"flight-7": {**FLIGHT, "copy": 0.0}}, feature_snapshot="0")
    failures: list[Exception] = []
    seen: list[float] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                seen.append(store.lookup("flight-7").features["copy"])
            except Exception as error:
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 30):
        write({"flight-7": {**FLIGHT, "copy": float(number)}})
    ended.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert store.lookup("flight-7").features["copy"] == 29.0
    assert len(set(seen)) > 3


def test_what_the_store_holds_can_be_read_apart(location: Path | str, write: Write) -> None:
    with pytest.raises(StoreUnavailable):
        read_export(location, "flight_delay")
    exported = write()
    assert read_export(location, "flight_delay") == exported


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "flight_delay.sqlite"


@pytest.fixture
def file_store(file: Path, schema: FeatureSchema) -> Iterator[OnlineStore]:
    store = OnlineStore.open(file, schema, HOUR)
    yield store
    store.close()


def test_a_file_is_looked_at_once_a_second_only(
    file: Path, file_store: OnlineStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_to(file)
    file_store.lookup("flight-7")
    write_to(file, {"flight-9": FLIGHT})
    assert file_store.lookup("flight-7")
    now = time.monotonic()
    monkeypatch.setattr(sqlite_store.time, "monotonic", lambda: now + 1.1)
    assert file_store.lookup("flight-9")


@pytest.mark.parametrize("damage", ["garbage", "empty", "deleted", "foreign"])
def test_a_file_that_cannot_be_read_leaves_the_last_good_export_in_place(
    file: Path,
    file_store: OnlineStore,
    damage: str,
    always_looking: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write_to(file)
    file_store.lookup("flight-7")
    damaged = file.with_suffix(".damaged")
    if damage == "foreign":
        sqlite3.connect(damaged).execute("CREATE TABLE cats (name)").connection.close()
    else:
        damaged.write_bytes(b"no database at all" * 500 if damage == "garbage" else b"")
    os.replace(damaged, file)
    if damage == "deleted":
        file.unlink()
    for _ in range(3):
        assert file_store.lookup("flight-7")
    assert len([one for one in caplog.records if "the last good export stays" in one.message]) == 1
    write_to(file, {"flight-9": FLIGHT})
    assert file_store.lookup("flight-9")


def test_a_lookup_takes_microseconds(file: Path, file_store: OnlineStore) -> None:
    write_to(file, {f"flight-{number}": FLIGHT for number in range(20_000)})
    durations = []
    for number in range(0, 20_000, 7):
        started = time.perf_counter()
        file_store.lookup(f"flight-{number}")
        durations.append(time.perf_counter() - started)
    assert sorted(durations)[len(durations) // 2] < 200e-6  # about 20 on a quiet machine


def test_a_broken_connection_is_made_again(postgres: str, schema: FeatureSchema) -> None:
    write_to(postgres)
    store = OnlineStore.open(postgres, schema, HOUR)
    store.lookup("flight-7")
    in_postgres(
        postgres,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    )
    assert store.lookup("flight-7")
    store.close()


def test_a_database_that_does_not_answer_fails_fast_after_the_first_time(
    schema: FeatureSchema,
) -> None:
    url = "postgresql://reader:secret@127.0.0.1:1/store"
    store = OnlineStore.open(url, schema, HOUR)
    assert store.is_remote
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1/store") as raised:
        store.lookup("flight-7")
    assert "secret" not in str(raised.value)
    with pytest.raises(StoreUnavailable, match="a moment ago"):
        store.lookup("flight-7")
