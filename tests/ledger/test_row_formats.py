"""A row's hash covers the columns of its own format, and nothing can hide in the others."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, create_engine, insert, select, text

from mlops_platform.errors import FormatError
from mlops_platform.formats import number
from mlops_platform.formats.number import FORMAT
from mlops_platform.formats.row_formats import HASHED_COLUMNS, hashed_columns
from mlops_platform.formats.row_hash import row_hash
from mlops_platform.ledger import append
from mlops_platform.ledger.incident_log import IncidentLog
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    BentoIdentity,
    FittedValues,
    NewActivation,
    NewAdjustment,
    NewDecision,
    NewIncidentEvent,
    VersionIdentity,
)
from mlops_platform.ledger.tables import metadata

FORMAT_0 = {
    "decisions": (
        *("id", "model", "kind", "window", "reason", "actor", "evidence", "made_at"),
        "previous_hash",
    ),
    "releases": (
        *("model", "sequence", "version", "run_id", "digests", "schema_hash"),
        *("environment_hash", "decision_id", "actor", "released_at", "previous_hash"),
    ),
    "packagings": (
        *("id", "model", "sequence", "bento_tag", "actor", "packaged_at", "previous_hash"),
    ),
    "activations": (
        *("id", "model", "worker", "event", "role", "sequence", "version", "detail"),
        *("happened_at", "previous_hash"),
    ),
    "incident_events": (
        *("id", "model", "incident", "kind", "told", "actor", "facts", "happened_at"),
        "previous_hash",
    ),
}
FORMAT_1 = {table: (*columns, "format") for table, columns in FORMAT_0.items()}
SINCE_FORMAT_4 = {
    "adjustments": (
        *("id", "model", "sequence", "version", "number", "constants", "facts"),
        *("labels_through", "valid_from", "actor", "recorded_at", "previous_hash"),
    ),
}
"""No row of these tables is older than the column `format`."""
FORMAT_7 = {
    **FORMAT_1,
    "releases": (
        *FORMAT_1["releases"],
        *("task", "constants", "training_set", "fitted_through"),
    ),
    "packagings": (*FORMAT_1["packagings"], "bento_digest"),
}
NOW = datetime(2024, 1, 1, 3, tzinfo=UTC)


def test_the_columns_of_every_format_are_those_that_were_released() -> None:
    assert {table: dict(formats) for table, formats in HASHED_COLUMNS.items()} == {
        table: {
            0: columns,
            1: (*columns, "format"),
            **({7: FORMAT_7[table]} if table in ("releases", "packagings") else {}),
        }
        for table, columns in {**FORMAT_0, **SINCE_FORMAT_4}.items()
    }


def test_the_newest_format_covers_every_column_of_the_tables() -> None:
    for table in metadata.sorted_tables:
        covered = {*hashed_columns(table.name, FORMAT), "hash"}
        assert covered == set(table.columns.keys())


@pytest.mark.parametrize(
    ("stored", "listed"), [(0, FORMAT_0), (1, FORMAT_1), (6, FORMAT_1), (9, FORMAT_7)]
)
def test_a_format_without_columns_of_its_own_has_those_of_the_one_before(
    stored: int, listed: dict[str, tuple[str, ...]]
) -> None:
    assert {table: hashed_columns(table, stored) for table in listed} == listed


def test_new_rows_say_todays_format(ledger: Ledger, waiting: NewDecision) -> None:
    assert ledger.record_decision("flights", waiting).row_format == FORMAT
    assert [decision.row_format for decision in ledger.decisions("flights")] == [FORMAT]


def test_a_later_format_continues_the_chain(
    ledger: Ledger, waiting: NewDecision, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.record_decision("flights", waiting)
    for module in (number, append):
        monkeypatch.setattr(module, "FORMAT", FORMAT + 1)
    ledger.record_decision("flights", waiting)
    assert [decision.row_format for decision in ledger.decisions("flights")] == [FORMAT + 1, FORMAT]
    assert ledger.verify_chain("flights") is None


@pytest.mark.parametrize(
    ("row", "value", "problem"),
    [
        # A value in a column that the row's format does not know, even if it says nothing new.
        (1, "0", "its format knows no 'format'"),
        (1, "-1", "its format knows no 'format'"),
        (1, "1", "its hash differs"),
        (4, "NULL", "its hash differs"),
        (4, "0", "its hash differs"),
    ],
)
def test_a_changed_format_is_found(
    old_ledger: Any, waiting: NewDecision, row: int, value: str, problem: str
) -> None:
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    assert ledger.record_decision("flights", waiting).id == 4
    assert ledger.verify_chain("flights") is None
    old_ledger.drop_triggers()
    old_ledger.execute(f"UPDATE decisions SET format = {value} WHERE id = {row}")
    fault = ledger.verify_chain("flights")
    assert (fault.table, fault.row) == ("decisions", f"flights/{row}")
    assert problem in fault.problem


@pytest.mark.parametrize("table", sorted(FORMAT_0))
def test_a_value_in_a_later_column_of_an_old_row_is_found(old_ledger: Any, table: str) -> None:
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    old_ledger.drop_triggers()
    old_ledger.execute(f"UPDATE {table} SET format = 0 WHERE model = 'flights'")
    fault = ledger.verify_chain("flights")
    assert fault.table == table
    assert "its format knows no 'format'" in fault.problem


def _add_newer_row(connection: Connection, table: str, **changed: Any) -> None:
    """A row like the newest one, as a platform would write it whose format has the next number."""
    columns = metadata.tables[table]
    key = next(iter(columns.primary_key.columns)) if table != "releases" else columns.c.sequence
    newest = connection.execute(select(columns).order_by(key.desc()).limit(1)).mappings().one()
    later = {key.name: newest[key.name] + 1, "previous_hash": newest["hash"], "hash": "f" * 64}
    row = {**newest, **later, "format": FORMAT + 1, **changed}
    connection.execute(insert(columns).values(**row))


@pytest.fixture
def newer(old_ledger: Any, adjustment: Callable[[int], NewAdjustment]) -> Any:
    """Every chain of the model ends in a row that a newer platform wrote."""
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    ledger.record_adjustments("flights", [adjustment(1)], after=0)
    with old_ledger.engine.begin() as connection:
        _add_newer_row(connection, "decisions", model="flights", previous_hash="e" * 64)
        _add_newer_row(connection, "releases", decision_id=4)
        for table in ("packagings", "activations", "incident_events"):
            changed = {"worker": "other"} if table == "activations" else {}
            _add_newer_row(connection, table, **changed)
        _add_newer_row(connection, "adjustments", number=2)
    return old_ledger


def test_what_a_newer_platform_wrote_is_not_read(newer: Any) -> None:
    ledger = Ledger(newer.url)
    readers = [
        lambda: ledger.decisions("flights"),
        lambda: ledger.current_release("flights"),
        lambda: ledger.serving_at("flights", NOW),
        lambda: ledger.releases("flights"),
        lambda: ledger.adjustments("flights", 1),
        lambda: ledger.latest_adjustment("flights", 1),
        lambda: ledger.activations("flights"),
        lambda: IncidentLog(newer.url).events("flights"),
        lambda: ledger.verify_chain("flights"),
    ]
    for read in readers:
        with pytest.raises(FormatError, match=rf"^a row of .* has format {FORMAT + 1}, and this"):
            read()


def test_nothing_is_written_after_what_a_newer_platform_wrote(
    newer: Any, waiting: NewDecision, adjustment: Callable[..., NewAdjustment]
) -> None:
    ledger, before = Ledger(newer.url), newer.stored_bytes_of_today()
    said = {"worker": "w", "event": "stopped", "role": "champion", "sequence": 1, "version": 1}
    told = {"incident": "flights-2", "kind": "opened", "told": "", "actor": "a"}
    activation = NewActivation.model_validate({**said, "detail": "", "happened_at": NOW})
    event = NewIncidentEvent.model_validate({**told, "happened_at": NOW})
    writers = [
        lambda: ledger.record_decision("flights", waiting),
        lambda: ledger.record_activations("flights", [activation]),
        lambda: ledger.record_packaging("flights", 1, BentoIdentity(tag="flights:other"), "bento"),
        lambda: ledger.record_adjustments("flights", [adjustment(2, sequence=2)], after=0),
        lambda: IncidentLog(newer.url).write("flights", [event]),
    ]
    for write in writers:
        with pytest.raises(FormatError, match="newer one"):
            write()
    assert newer.stored_bytes_of_today() == before


def test_the_bento_of_a_release_is_not_read_from_what_a_newer_platform_wrote(
    old_ledger: Any,
) -> None:
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    assert ledger.current_release("flights").row_format == 0
    with old_ledger.engine.begin() as connection:
        _add_newer_row(connection, "packagings")
    with pytest.raises(FormatError, match="packagings"):
        ledger.current_release("flights")


def test_the_hash_of_a_newer_row_cannot_be_computed() -> None:
    with pytest.raises(FormatError):
        row_hash("decisions", dict.fromkeys(FORMAT_0["decisions"]) | {"format": FORMAT + 1})


def test_the_format_is_part_of_the_hash_and_hash_is_not(ledger: Ledger, url: str) -> None:
    ledger.record_decision("flights", NewDecision(kind="wait", reason="r", actor="a"))
    with create_engine(url).connect() as connection:
        row = connection.execute(select(metadata.tables["decisions"])).mappings().one()
        stored = connection.scalar(text("SELECT hash FROM decisions"))
    assert row_hash("decisions", row) == stored
    assert row_hash("decisions", {**row, "hash": "other"}) == stored
    assert row_hash("decisions", {**row, "format": None}) != stored


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE releases SET constants = '{}'",
        "UPDATE releases SET fitted_through = '2013-01-01 00:00:00'",
        "UPDATE packagings SET bento_digest = 'ab'",
    ],
)
def test_what_decides_cannot_be_added_to_an_old_row(old_ledger: Any, statement: str) -> None:
    ledger = Ledger(old_ledger.url)
    ledger.create_schema()
    assert ledger.current_release("flights").fitted is None
    old_ledger.drop_triggers()
    old_ledger.execute(statement)
    assert "its format knows no" in ledger.verify_chain("flights").problem


@pytest.mark.parametrize("threshold", [float("nan"), float("inf")])
def test_no_constant_of_a_release_is_not_a_number(
    identity: Callable[[int], VersionIdentity], threshold: float
) -> None:
    fitted = identity(1).fitted.model_dump() | {"constants": {"threshold": threshold}}
    with pytest.raises(ValidationError, match="finite"):
        FittedValues.model_validate(fitted)
