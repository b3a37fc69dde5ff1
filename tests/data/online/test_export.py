"""What an export puts into the online store, in SQLite and in Postgres."""

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.column_kind import LARGEST_NUMBER
from mlops_platform.data.features.features import read_feature_rows
from mlops_platform.data.features.published import published_digest
from mlops_platform.data.online.export import export_features
from mlops_platform.errors import DataError
from mlops_platform.spec import ModelSpec
from mlops_platform.spec.online_layout import OnlineExport, is_postgres, libpq_url

NOW = datetime(2024, 3, 11, 0, tzinfo=UTC)  # the last of forty visits is at 15:00 the day before
WEEK, DAY = timedelta(days=7), timedelta(days=1)
Export = Callable[..., OnlineExport]
Stored = Callable[[], dict[str, tuple[str, dict[str, Any]]]]


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    if request.param == "sqlite":
        return tmp_path / "online" / "readmission.sqlite"
    url: str = request.getfixturevalue("postgres_server")
    _in_postgres(url, "DROP TABLE IF EXISTS mlops_online_features, mlops_online_export")
    return url


def _in_postgres(url: str, statement: str) -> list[Any]:
    import psycopg2

    connection = psycopg2.connect(libpq_url(url))
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


@pytest.fixture
def export(spec: ModelSpec, published: Path, location: Path | str) -> Export:
    return lambda keep=WEEK, as_of=NOW: export_features(
        spec, published, location, keep, as_of, datetime(2026, 1, 1, tzinfo=UTC)
    )


@pytest.fixture
def stored(location: Path | str) -> Stored:
    """Event time and features by entity."""

    def read() -> dict[str, tuple[str, dict[str, Any]]]:
        if is_postgres(location):
            rows = _in_postgres(
                str(location), "SELECT entity, event_time, features FROM mlops_online_features"
            )
        else:
            rows = sqlite3.connect(location).execute("SELECT * FROM features").fetchall()
        return {entity: (moment, json.loads(features)) for entity, moment, features in rows}

    return read


def test_every_recent_entity_is_there_with_its_features(
    spec: ModelSpec, published: Path, export: Export, stored: Stored
) -> None:
    exported = export()
    days = [(NOW - WEEK).date() + DAY * at for at in range(8)]
    rows = read_feature_rows(spec, published, days).to_pylist()
    wanted = {
        row["visit_id"]: (
            row["event_time"].isoformat(),
            {name: row[name] for name in ("age", "pain", "ward")},
        )
        for row in rows
        if row["event_time"] > NOW - WEEK
    }
    assert stored() == wanted
    assert len(wanted) == exported.rows > 20
    assert {row["ward"] for _, row in stored().values()} == {"north", None}


def test_moments_are_told_in_the_zone_in_which_the_days_of_the_model_are(
    spec: ModelSpec, published: Path, location: Path | str, stored: Stored
) -> None:
    window = spec.window.model_copy(update={"timezone": "America/New_York"})
    local = spec.model_copy(update={"window": window})

    export_features(local, published, location, WEEK, NOW, datetime(2026, 1, 1, tzinfo=UTC))

    moments = [moment for moment, _ in stored().values()]
    assert {moment[-6:] for moment in moments} == {"-05:00", "-04:00"}  # clocks change on the 10th
    newest = max(datetime.fromisoformat(moment) for moment in moments)
    assert newest == datetime(2024, 3, 11, 3, tzinfo=UTC)


def test_the_store_says_what_it_is(published: Path, export: Export) -> None:
    exported = export()
    assert (exported.model, exported.entity) == ("readmission", "visit_id")
    assert (exported.numeric, exported.categorical) == (("age", "pain"), ("ward",))
    assert exported.feature_snapshot == published_digest(published, "visits")
    assert exported.newest == datetime(2024, 3, 11, 3, tzinfo=UTC)
    assert exported.oldest == datetime(2024, 3, 4, 3, tzinfo=UTC)
    assert (exported.as_of, exported.exported_at.year) == (NOW, 2026)


def test_events_to_come_are_exported_as_they_are_published(export: Export, stored: Stored) -> None:
    before = export(as_of=NOW - 3 * DAY)
    assert before.newest == datetime(2024, 3, 11, 3, tzinfo=UTC)
    assert "v39" in stored()


def test_an_export_replaces_the_one_before(export: Export, stored: Stored) -> None:
    many = export(keep=4 * WEEK).rows
    few = export(keep=DAY).rows
    assert many == 40
    assert len(stored()) == few < 10


def test_no_entity_at_all_is_an_empty_store(export: Export, stored: Stored) -> None:
    exported = export(as_of=NOW + 4 * WEEK)
    assert (exported.rows, exported.oldest, exported.newest) == (0, None, None)
    assert stored() == {}


def test_of_an_entity_with_several_events_the_latest_counts(
    run_sql: Callable[..., None], publish: Callable[[], Any], export: Export, stored: Stored
) -> None:
    run_sql("UPDATE visits SET visit_id = 'regular' WHERE event_time >= '2024-03-08'")
    publish()
    export()
    moment, features = stored()["regular"]
    assert moment == "2024-03-11T03:00:00+00:00"
    assert features == {"age": 39 % 7, "pain": 0.0, "ward": None}


def test_keys_of_another_type_are_stored_as_text(
    run_sql: Callable[..., None], publish: Callable[[], Any], export: Export, stored: Stored
) -> None:
    run_sql(
        "ALTER TABLE visits ALTER visit_id TYPE BIGINT USING substr(visit_id, 2)::BIGINT",
    )
    publish()
    export()
    assert "39" in stored()


@pytest.mark.parametrize("number", [0.1 + 0.2, 5e-324, LARGEST_NUMBER, 1 / 3])
def test_numbers_are_stored_to_the_last_bit(
    number: float,
    run_sql: Callable[..., None],
    publish: Callable[[], Any],
    export: Export,
    stored: Stored,
) -> None:
    run_sql(
        "ALTER TABLE visits ALTER pain TYPE DOUBLE",
        f"UPDATE visits SET pain = '{number!r}'::DOUBLE",
    )
    publish()
    export()
    found = {row["pain"].hex() for _, row in stored().values()}
    assert found == {number.hex()}


def test_booleans_and_texts_are_stored_as_requests_send_them(
    spec: ModelSpec,
    run_sql: Callable[..., None],
    publish: Callable[[], object],
    lake: Path,
    tmp_path: Path,
) -> None:
    run_sql(
        "ALTER TABLE visits ADD COLUMN smokes BOOLEAN",
        "ALTER TABLE visits ADD COLUMN letter VARCHAR",
        "UPDATE visits SET smokes = age > 3, letter = 'Dear all' WHERE visit_id <> 'v39'",
    )
    publish()
    features = spec.features.model_copy(update={"boolean": ("smokes",), "text": ("letter",)})
    wider = spec.model_copy(update={"features": features})
    path = tmp_path / "store.sqlite"
    export = export_features(wider, lake / "features", path, WEEK, NOW, NOW)
    assert (export.boolean, export.text) == (("smokes",), ("letter",))
    rows = dict(sqlite3.connect(path).execute("SELECT entity, features FROM features").fetchall())
    assert '"smokes":true,"letter":"Dear all"' in rows["v32"]
    assert '"smokes":false,"letter":"Dear all"' in rows["v38"]
    assert '"smokes":null,"letter":null' in rows["v39"]


def test_an_export_without_the_newer_kinds_is_what_older_services_read(export: Export) -> None:
    assert not {"boolean", "text"} & json.loads(export().model_dump_json()).keys()


def test_not_a_number_is_missing_and_infinity_is_refused(
    run_sql: Callable[..., None], publish: Callable[[], Any], export: Export, stored: Stored
) -> None:
    run_sql(
        "ALTER TABLE visits ALTER pain TYPE DOUBLE",
        "UPDATE visits SET pain = 'nan'::DOUBLE WHERE visit_id = 'v38'",
    )
    publish()
    export()
    assert stored()["v38"][1]["pain"] is None

    run_sql("UPDATE visits SET pain = '-inf'::DOUBLE WHERE visit_id = 'v37'")
    publish()
    before = stored()
    with pytest.raises(DataError, match=r"'pain' of visits holds -inf, beyond 1e\+30"):
        export()
    assert stored() == before


def test_a_failed_export_leaves_no_file_behind(
    spec: ModelSpec, published: Path, tmp_path: Path
) -> None:
    target = tmp_path / "online" / "readmission.sqlite"
    target.mkdir(parents=True)  # no file can take its place
    with pytest.raises(DataError, match="cannot be written"):
        export_features(spec, published, target, WEEK, NOW, NOW)
    assert list(target.parent.iterdir()) == [target]


def test_a_password_is_in_no_error(spec: ModelSpec, published: Path) -> None:
    url = "postgresql://writer:secret@127.0.0.1:1/store"
    with pytest.raises(DataError, match=r"127\.0\.0\.1/store") as raised:
        export_features(spec, published, url, WEEK, NOW, NOW)
    assert "secret" not in str(raised.value)


def test_models_share_one_postgres(
    spec: ModelSpec,
    model: Callable[[dict[str, Any]], ModelSpec],
    published: Path,
    postgres_server: str,
) -> None:
    _in_postgres(postgres_server, "DROP TABLE IF EXISTS mlops_online_features, mlops_online_export")
    for one, keep in ((spec, WEEK), (model({"name": "another"}), DAY), (spec, WEEK)):
        export_features(one, published, postgres_server, keep, NOW, NOW)
    counted = _in_postgres(
        postgres_server,
        "SELECT model, count(*) FROM mlops_online_features GROUP BY model ORDER BY model",
    )
    assert [name for name, _ in counted] == ["another", "readmission"]
    assert counted[0][1] < counted[1][1]
