"""Whatever is damaged in a home is found by reading all of it, with a cure that can be typed."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from mlops_platform.artifacts.model_store import save_model
from mlops_platform.data.digest import table_digest
from mlops_platform.data.parquet import write_parquet
from mlops_platform.files import write_json, write_text
from mlops_platform.ledger.records import BentoIdentity, NewDecision, VersionIdentity
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.diagnosis.deep.examine import deep_faults
from mlops_platform.usecases.diagnosis.fault import Fault
from tests.serving.packed import pack_small, small_spec
from tests.usecases.diagnosis.typed_cures import require_typeable

ROWS = pa.table({"row": range(5000)})
DAY = "day=2024-03-05"
HOLD_THE_WAREHOUSE = """
import sys, time
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("CREATE TABLE held AS SELECT 1")
print("holding", flush=True)
time.sleep(600)
"""


def _launch(what: str) -> str:
    return f"DAGSTER_HOME=/home dg launch {what}"


def _faults(deployment: Deployment) -> list[Fault]:
    faults = deep_faults(deployment, _launch)
    for fault in faults:
        require_typeable(fault, Path.cwd())
    return faults


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _overwrite(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened:
        opened.seek(size // 4)
        opened.write(os.urandom(size // 2))


@pytest.fixture
def whole(deployment: Deployment, fitted: tuple[Any, pd.DataFrame], tmp_path: Path) -> Deployment:
    """A home with a little of everything."""
    place = deployment.settings
    for file in FILES.values():
        write_parquet(ROWS, file(place))
    write_json(place.records / "latest" / "churn__gate.json", {"verdict": "wait"})
    write_json(place.records / "runs" / "a1" / "churn__gate.json", {"verdict": "wait"})
    place.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("CREATE TABLE built AS SELECT range AS row FROM range(100000)")
    identity = VersionIdentity(
        version=1,
        run_id="r",
        digests=save_model(fitted[0], tmp_path / "model"),
        schema_hash="5",
        environment_hash="e",
    )
    tag = pack_small(place, small_spec("churn"), identity, tmp_path / "model", fitted)
    decision = NewDecision(kind="promote", reason="better", actor="gate")
    deployment.ledger.release(
        "churn", identity, decision, expected_sequence=None, bento=BentoIdentity(tag=tag)
    )
    return deployment


FILES: dict[str, Callable[[Settings], Path]] = {
    "predictions": lambda at: at.predictions / "churn" / "window=2024-03-04" / "data.parquet",
    "served": lambda at: at.landed_predictions("churn") / DAY / "a.parquet",
    "published": lambda at: at.published / "features" / "local_date=2024-03-05" / "data.parquet",
    "training sets": lambda at: at.training_sets / "churn" / table_digest(ROWS) / "rows.parquet",
}


def test_of_what_is_whole_nothing_is_found(whole: Deployment) -> None:
    assert _faults(whole) == []


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("damage", [_cut, _overwrite])
def test_a_stored_file_that_cannot_be_read_is_found(
    whole: Deployment, kind: str, damage: Callable[[Path], None]
) -> None:
    file_at = FILES[kind]
    file = file_at(whole.settings)
    damage(file)
    [fault] = _faults(whole)
    assert (fault.severity, fault.where) == ("error", str(file))
    assert fault.what.startswith("cannot be read: ")


@pytest.mark.fault(
    "rows of a training set are changed, and its file can be read",
    "`doctor --deep` names the file",
)
def test_a_training_set_with_other_rows_is_found(
    whole: Deployment, observe: Callable[[str], None]
) -> None:
    file_at = FILES["training sets"]
    file = file_at(whole.settings)
    write_parquet(pa.table({"row": range(1, 5001)}), file)
    [fault] = _faults(whole)
    assert (fault.severity, fault.where) == ("error", str(file))
    observe(f"`{fault.what}`")


def test_a_landed_day_that_cannot_be_verified_is_found(whole: Deployment) -> None:
    file = whole.settings.landing / "tides" / DAY / "delivery=20240306T000000000000Z" / "d.parquet"
    write_text(file, "no Parquet")
    [fault] = _faults(whole)
    assert fault.where == "landing, tides of 2024-03-05"
    assert "mlops land tides --from 2024-03-05 --to 2024-03-05" in fault.cure


@pytest.mark.parametrize(("folder", "severity"), [("latest", "error"), ("runs/a1", "warning")])
def test_a_damaged_record_is_found(whole: Deployment, folder: str, severity: str) -> None:
    _cut(whole.settings.records / folder / "churn__gate.json")
    [fault] = _faults(whole)
    assert fault.severity == severity
    assert ("churn/gate" in fault.cure) == (severity == "error")


@pytest.mark.parametrize(
    ("parts", "severity", "cure"),
    [
        (("records", "latest", "churn__gate.json"), "error", "--assets 'key:\"churn/gate\"'"),
        (
            ("records", "latest", "churn__performance", "2024-03-04.json"),
            "error",
            "mlops watch churn 2024-03-04",
        ),
        (("records", "latest", "churn__bento.json"), "error", "mlops doctor   # names how"),
        (("models", "churn", "backtest", "report.json"), "warning", "mlops backtest churn"),
        (("models", "churn", "cards", "v1", "model_card.json"), "warning", "mlops restore BACKUP"),
        (("demo", "first_champion.json"), "warning", "mlops restore BACKUP"),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, tuple) else None,
)
def test_a_json_file_that_cannot_be_read_is_found(
    whole: Deployment, parts: tuple[str, ...], severity: str, cure: str
) -> None:
    file = whole.settings.home.joinpath(*parts)
    write_text(file, '{"verdict": ')
    [fault] = _faults(whole)
    assert (fault.severity, fault.where) == (severity, str(file))
    assert cure in fault.cure


def _other_database(place: Settings) -> Path:
    file = place.dagster_home / "history" / "runs.db"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT)")
        connection.executemany(
            "INSERT INTO runs (name) VALUES (?)", [(str(n) * 90,) for n in range(999)]
        )
        connection.commit()
    return file


@pytest.mark.parametrize("damage", [_overwrite, lambda file: file.write_bytes(b"none" * 2000)])
def test_a_damaged_database_is_found(whole: Deployment, damage: Callable[[Path], None]) -> None:
    file = _other_database(whole.settings)
    assert _faults(whole) == []
    damage(file)
    [fault] = _faults(whole)
    assert (fault.severity, fault.where) == ("error", str(file))
    assert "mlops restore BACKUP" in fault.cure


def test_a_damaged_ledger_hides_nothing_else(whole: Deployment) -> None:
    (whole.settings.home / "ledger" / "ledger.db").write_bytes(b"none" * 2000)
    served_at = FILES["served"]
    _cut(served_at(whole.settings))
    found = {fault.where for fault in _faults(whole)}
    assert {"the ledger", "Bentos", str(served_at(whole.settings))} <= found


def test_a_warehouse_that_is_being_built_is_not_to_be_removed(whole: Deployment) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_THE_WAREHOUSE, str(whole.settings.warehouse)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        [fault] = _faults(whole)
    finally:
        holder.kill()
        holder.wait()
    assert fault.what.startswith("cannot be looked at: LockedError")
    assert fault.cure.startswith("mlops doctor   # again")


def test_a_damaged_warehouse_is_found(whole: Deployment) -> None:
    whole.settings.warehouse.write_bytes(b"none" * 2000)
    [fault] = _faults(whole)
    assert (fault.severity, fault.where) == ("error", str(whole.settings.warehouse))
    assert fault.cure.startswith(f"rm {whole.settings.warehouse} && ")


def _unguarded(whole: Deployment, *statements: str) -> None:
    """Drop all triggers of the ledger, then do what they refuse."""
    with closing(sqlite3.connect(whole.settings.home / "ledger" / "ledger.db")) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def test_a_changed_row_of_the_ledger_is_found(whole: Deployment) -> None:
    _unguarded(whole, "UPDATE decisions SET actor = 'mallory'")
    whole.ledger.create_schema()
    [fault] = _faults(whole)
    assert fault.where == "ledger, decisions churn/1"


@pytest.mark.fault(
    "the triggers by which the ledger's database refuses changes are dropped",
    "`doctor --deep` tells it, and `mlops setup` makes them anew",
)
def test_a_ledger_whose_guards_are_gone_is_found(
    whole: Deployment, observe: Callable[[str], None]
) -> None:
    _unguarded(whole)
    [fault] = _faults(whole)
    assert (fault.severity, fault.where, fault.cure) == ("error", "ledger", "mlops setup")
    whole.ledger.create_schema()
    assert _faults(whole) == []
    observe(f"`{fault.what}`; nothing afterwards")


@pytest.mark.parametrize("lost", ["src", "src/digests.json", "src/packed_release.json"])
def test_a_bento_that_is_lost_is_found(whole: Deployment, lost: str) -> None:
    place = whole.settings.bentoml_home / "bentos" / "churn" / "v1"
    (place / lost).rename(place / "away")
    [fault] = _faults(whole)
    assert fault.where == "churn, Bento churn:v1 of release 1"
    assert "churn/bento" in fault.cure


@pytest.mark.parametrize(
    "place",
    [
        "records/.churn__gate.json.1-ab.tmp",
        "lake/features/.erasing.k2.tmp/data.parquet",
        "bentos/.building-7x/src/service.py",
        "backups/.20240305.partial/manifest.json",
        "cache/spill/host-7.engine/duckdb_temp_block-1.block",
    ],
)
def test_what_killed_processes_left_is_found_once_it_is_a_day_old(
    whole: Deployment, place: str
) -> None:
    home = whole.settings.home
    write_text(home / place, "half")
    left = next(path for path in (home / place, *(home / place).parents) if _is_temporary(path))
    assert _faults(whole) == []
    yesterday = (datetime.now(UTC) - timedelta(hours=25)).timestamp()
    os.utime(left, (yesterday, yesterday))
    [fault] = _faults(whole)
    assert (fault.severity, fault.what.split(",")[0]) == (
        "warning",
        "1 temporary files and folders of killed processes",
    )
    assert os.system(fault.cure) == 0
    assert not left.exists()
    assert left.parent.is_dir()
    assert _faults(whole) == []


def _is_temporary(path: Path) -> bool:
    return path.name.startswith(".") or path.parent.name == "spill"
