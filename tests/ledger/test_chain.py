import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from mlops_platform.errors import LedgerError
from mlops_platform.formats.row_hash import canonical_json, row_hash
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import BentoIdentity, NewDecision, VersionIdentity
from mlops_platform.ledger.tables import releases

Identity = Callable[[int], VersionIdentity]


@pytest.fixture
def written(
    ledger: Ledger, identity: Identity, promotion: NewDecision, waiting: NewDecision
) -> Ledger:
    """Four decisions (1 wait, 2 promote, 3 wait, 4 promote), two releases, two packagings."""
    for version in (1, 2):
        ledger.record_decision("flights", waiting)
        release = ledger.release(
            "flights", identity(version), promotion, expected_sequence=(version - 1) or None
        )
        ledger.record_packaging(
            "flights", release.sequence, BentoIdentity(tag=f"flights:{version}"), "bento"
        )
    ledger.record_decision("taxis", waiting)
    return ledger


@pytest.fixture
def engine(url: str) -> Engine:
    return create_engine(url)


def _drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        names = connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
        statements = [f"DROP TRIGGER {name}" for name in names]
    else:
        statements = ["DROP FUNCTION refuse_ledger_change CASCADE"]
    for statement in statements:
        connection.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE decisions SET reason = 'other'",
        "DELETE FROM decisions",
        "UPDATE releases SET version = 9 WHERE sequence = 1",
        "DELETE FROM releases WHERE sequence = 2",
        "UPDATE packagings SET bento_tag = 'other'",
        "DELETE FROM packagings",
    ],
)
def test_the_database_refuses_to_change_or_remove_rows(
    written: Ledger, engine: Engine, statement: str
) -> None:
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert written.verify_chain("flights") is None


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_postgres_refuses_to_truncate(written: Ledger, engine: Engine) -> None:
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("TRUNCATE packagings"))
    assert written.current_release("flights").bento_tag == "flights:2"


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("changed", ["'other'", "reason"])
def test_sqlite_refuses_to_replace_rows(written: Ledger, engine: Engine, changed: str) -> None:
    # With another id, the row in the way is the one with the same previous hash.
    new_id = "id" if changed == "'other'" else "id + 100"
    statement = (
        f"INSERT OR REPLACE INTO decisions SELECT {new_id}, model, kind, window, {changed}, actor, "
        "evidence, made_at, previous_hash, hash, format FROM decisions WHERE id = 1"
    )
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))
    assert written.verify_chain("flights") is None


@pytest.mark.parametrize(
    ("statement", "table", "row", "problem"),
    [
        ("UPDATE decisions SET reason = 'other' WHERE id = 3", "decisions", "flights/3", "changed"),
        ("UPDATE decisions SET evidence = '{}' WHERE id = 2", "decisions", "flights/2", "changed"),
        ('UPDATE decisions SET "window" = NULL WHERE id = 1', "decisions", "flights/1", "changed"),
        ("DELETE FROM decisions WHERE id = 1", "decisions", "flights/2", "removed"),
        ("UPDATE releases SET version = 9 WHERE sequence = 1", "releases", "flights/1", "changed"),
        (
            "UPDATE releases SET digests = '{}' WHERE sequence = 2",
            "releases",
            "flights/2",
            "changed",
        ),
        (
            "UPDATE releases SET released_at = '2013-05-03 12:00:00' WHERE sequence = 1",
            "releases",
            "flights/1",
            "changed",
        ),
        (
            "UPDATE packagings SET bento_tag = 'x' WHERE id = 2",
            "packagings",
            "flights/2",
            "changed",
        ),
        ("DELETE FROM packagings WHERE id = 1", "packagings", "flights/2", "removed"),
        *(
            (f"UPDATE releases SET {column} = {value} WHERE sequence = 2", *where, "changed")
            for where in [("releases", "flights/2")]
            for column, value in {
                "task": "'regression'",
                "constants": "'{}'",
                "training_set": "NULL",
                "fitted_through": "'2014-01-01 00:00:00'",
            }.items()
        ),
        (
            "UPDATE packagings SET bento_digest = 'x' WHERE id = 1",
            "packagings",
            "flights/1",
            "changed",
        ),
    ],
)
def test_the_first_tampered_row_is_named(
    written: Ledger, engine: Engine, statement: str, table: str, row: str, problem: str
) -> None:
    assert written.verify_chain("flights") is None
    with engine.begin() as connection:
        _drop_triggers(connection)
        connection.execute(text(statement))
    fault = written.verify_chain("flights")
    assert (fault.table, fault.row) == (table, row)
    assert problem in fault.problem
    assert written.verify_chain("taxis") is None


def test_a_row_with_a_fresh_hash_breaks_the_next_one(written: Ledger, engine: Engine) -> None:
    first = written.releases("flights")[0]
    with engine.begin() as connection:
        _drop_triggers(connection)
        row = connection.execute(text("SELECT * FROM releases WHERE sequence = 1")).mappings().one()
        moments = {"released_at": first.released_at, "fitted_through": first.fitted.fitted_through}
        forged = {**row, **moments, "version": 9}
        connection.execute(
            text("UPDATE releases SET version = 9, hash = :hash WHERE sequence = 1"),
            {"hash": row_hash("releases", forged)},
        )
    fault = written.verify_chain("flights")
    assert (fault.table, fault.row) == ("releases", "flights/2")


def test_removing_the_newest_release_is_found(written: Ledger, engine: Engine) -> None:
    with engine.begin() as connection:
        _drop_triggers(connection)
        connection.execute(text("DELETE FROM packagings WHERE sequence = 2"))
        connection.execute(text("DELETE FROM releases WHERE sequence = 2"))
    fault = written.verify_chain("flights")
    assert (fault.table, fault.row) == ("decisions", "flights/4")
    assert fault.problem == "its release was removed"


def test_removing_the_newest_releases_decision_is_found(written: Ledger, engine: Engine) -> None:
    with engine.begin() as connection:
        _drop_triggers(connection)
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("ALTER TABLE releases DROP CONSTRAINT releases_decision_id_fkey")
            )
        connection.execute(text("DELETE FROM decisions WHERE id = 4"))
    fault = written.verify_chain("flights")
    assert (fault.table, fault.row) == ("releases", "flights/2")
    assert "decision 4 was removed" in fault.problem


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(_json)
def test_canonical_json_survives_a_round_trip(value: object) -> None:
    encoded = canonical_json(value)
    assert json.loads(encoded) == value
    assert canonical_json(json.loads(encoded)) == encoded


@given(st.lists(st.integers(), min_size=16, max_size=16), st.sampled_from([None, 1]))
def test_the_order_of_columns_does_not_matter(values: list[int], row_format: int | None) -> None:
    columns = [column.name for column in releases.columns if column.name != "format"]
    row = {**dict(zip(columns, values, strict=True)), "format": row_format}
    backwards = dict(reversed(row.items()))
    assert row_hash("releases", row) == row_hash("releases", backwards)


def test_the_zone_of_a_moment_does_not_matter() -> None:
    moment = datetime(2013, 5, 3, 14, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=-4)))
    assert canonical_json(moment) == canonical_json(elsewhere)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(LedgerError):
        canonical_json({"reason": "\ud800"})
