import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import FittedValues, NewAdjustment, NewDecision, VersionIdentity
from mlops_platform.ledger.tables import metadata

START = datetime(2013, 5, 3, 12, tzinfo=UTC)


SCHEMA_OF_FORMAT_0 = Path(__file__).parent / "format_0"
COLUMNS_OF_FORMAT_0 = {
    "decisions": "id model kind window reason actor evidence made_at previous_hash hash",
    "releases": "model sequence version run_id digests schema_hash environment_hash decision_id "
    "actor released_at previous_hash hash",
    "packagings": "id model sequence bento_tag actor packaged_at previous_hash hash",
    "activations": "id model worker event role sequence version detail happened_at previous_hash "
    "hash",
    "incident_events": "id model incident kind told actor facts happened_at previous_hash hash",
}
COLUMNS_OF_TODAY = {table.name: " ".join(table.columns.keys()) for table in metadata.sorted_tables}


class Clock:
    """One hour later at every look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self, model: str) -> datetime:
        self.now += timedelta(hours=1)
        return self.now


class OldLedger:
    """What the platform wrote before its rows had formats: its schema as SQL text, its hash."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url)
        self.last: dict[tuple[str, str], str] = {}

    def create(self, only: tuple[str, ...] = tuple(COLUMNS_OF_FORMAT_0)) -> None:
        """Its tables and triggers, or those of an even older platform that had fewer."""
        if self.engine.dialect.name == "sqlite":
            Path(self.engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        script = (SCHEMA_OF_FORMAT_0 / f"{self.engine.dialect.name}.sql").read_text()
        with self.engine.begin() as connection:
            for statement in script.split("\n---\n"):
                others = [name for name in COLUMNS_OF_FORMAT_0 if name not in only]
                if not any(name in statement for name in others):
                    connection.exec_driver_sql(statement.replace("%", "%%"))

    def write(self, table: str, **columns: Any) -> None:
        chain = (table, columns["model"])
        row = {**columns, "previous_hash": self.last.get(chain, "0" * 64)}
        told = json.dumps(
            [table, row],
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
            default=lambda moment: moment.isoformat(timespec="microseconds"),
        )
        row["hash"] = self.last[chain] = hashlib.sha256(told.encode()).hexdigest()
        names, values = (
            ", ".join(f'"{name}"' for name in row),
            ", ".join(f":{name}" for name in row),
        )
        with self.engine.begin() as connection:
            stored = {name: self._stored(value) for name, value in row.items()}
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), stored)

    def decide(self, number: int, model: str, kind: str, **columns: Any) -> None:
        made = {"window": None, "reason": "späte Flüge", "actor": "gate", "evidence": "{}"}
        at = START + timedelta(microseconds=number)
        row = {"id": number, "model": model, "kind": kind, **made, "made_at": at, **columns}
        self.write("decisions", **row)

    def fill(self) -> None:
        """Rows in every table, of two models."""
        flights, at = {"model": "flights"}, START + timedelta(microseconds=7)
        self.decide(1, "flights", "wait", window="2013-W18", evidence='{"loss":[0.5,null]}')
        self.decide(2, "flights", "promote")
        self.decide(3, "taxis", "wait")
        pinned = {"version": 1, "run_id": "r1", "digests": '{"m":"ä"}', "schema_hash": "5c"}
        release = {**flights, "sequence": 1, **pinned, "environment_hash": "e4", "decision_id": 2}
        self.write("releases", **release, actor="gate", released_at=START)
        packed = {**flights, "sequence": 1, "bento_tag": "flights:v1", "actor": "bento"}
        self.write("packagings", id=1, **packed, packaged_at=at)
        said = {**flights, "worker": "w", "role": "champion", "sequence": 1, "version": 1}
        for number, kind in enumerate(("started", "swapped"), start=1):
            self.write("activations", id=number, **said, event=kind, detail="", happened_at=at)
        happened = {**flights, "incident": "flights-1", "told": "it moved", "actor": "policy"}
        for number, kind in enumerate(("opened", "resolved"), start=1):
            facts = f'{{"number":{number}}}'
            row = {"id": number, **happened, "kind": kind, "facts": facts, "happened_at": at}
            self.write("incident_events", **row)

    def stored_bytes(
        self, columns_of: Mapping[str, str] = COLUMNS_OF_FORMAT_0
    ) -> dict[str, list[Any]]:
        """Every value of every old row as it is stored; on Postgres with where the row lies."""
        kept = {}
        with self.engine.connect() as connection:
            for table, names in columns_of.items():
                if self.engine.dialect.name == "sqlite":
                    columns = ["rowid", *(f'quote("{name}")' for name in names.split())]
                else:
                    columns = ["ctid::text", "xmin::text", *(f'"{n}"::text' for n in names.split())]
                query = text(f"SELECT {', '.join(columns)} FROM {table} ORDER BY hash")
                kept[table] = [tuple(row) for row in connection.execute(query)]
        return kept

    def stored_bytes_of_today(self) -> dict[str, list[Any]]:
        """As `stored_bytes`, of the tables and columns that there are once it is migrated."""
        return self.stored_bytes(COLUMNS_OF_TODAY)

    def version(self) -> str:
        with self.engine.connect() as connection:
            found = connection.scalars(text("SELECT version_num FROM mlops_ledger_version"))
            return found.one()

    def execute(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def drop_triggers(self) -> None:
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                query = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                names = list(connection.scalars(query))
            self.execute(*(f"DROP TRIGGER {name}" for name in names))
        else:
            self.execute("DROP FUNCTION refuse_ledger_change CASCADE")

    def _stored(self, value: Any) -> Any:
        if self.engine.dialect.name == "sqlite" and isinstance(value, datetime):
            return value.strftime("%Y-%m-%d %H:%M:%S.%f")
        return value


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'ledger.db'}"
    server: str = request.getfixturevalue("postgres_server")
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public"))
    engine.dispose()
    return server


@pytest.fixture(scope="session")
def make_old_ledger() -> Callable[[str], OldLedger]:
    return OldLedger


@pytest.fixture
def empty_old_ledger(url: str) -> Iterator[OldLedger]:
    old = OldLedger(url)
    yield old
    old.engine.dispose()


@pytest.fixture
def old_ledger(empty_old_ledger: OldLedger) -> OldLedger:
    """A ledger with rows of format 0, as it was before there were migrations."""
    empty_old_ledger.create()
    empty_old_ledger.fill()
    return empty_old_ledger


@pytest.fixture
def ledger(url: str) -> Ledger:
    ledger = Ledger(url, moment_of=Clock())
    ledger.create_schema()
    return ledger


@pytest.fixture
def tamper(url: str) -> Callable[..., None]:
    """Statements on rows that nothing guards any longer."""

    def execute(*statements: str) -> None:
        unguarded = OldLedger(url)
        unguarded.drop_triggers()
        unguarded.execute(*statements)
        unguarded.engine.dispose()

    return execute


@pytest.fixture
def identity() -> Callable[[int], VersionIdentity]:
    def make(version: int) -> VersionIdentity:
        return VersionIdentity(
            version=version,
            run_id=f"run{version}",
            digests={"model.skops": f"{version:064x}"},
            schema_hash="5c",
            environment_hash="e4",
            fitted=FittedValues(
                task="binary_classification",
                constants={"threshold": 0.25},
                training_set="ab" * 32,
                fitted_through=datetime(2013, 3, 31, 22, tzinfo=UTC),
            ),
        )

    return make


@pytest.fixture
def promotion() -> NewDecision:
    return NewDecision(
        kind="promote",
        reason="better by 0.012",
        actor="gate",
        evidence={"log_loss": [0.51, 0.522], "days": 14, "note": "späte Flüge"},
    )


@pytest.fixture
def adjustment() -> Callable[..., NewAdjustment]:
    """Of the first release, by the latest day of May that it knows."""

    def make(day: int, **others: Any) -> NewAdjustment:
        known = {
            "sequence": 1,
            "version": 1,
            "constants": {"factor": 1 + day / 10},
            "facts": {"level": 0.9, "rows": 100 * day},
            "labels_through": date(2013, 5, day),
            "valid_from": datetime(2013, 5, day + 2, 4, tzinfo=UTC),
            "actor": "adaptation",
        }
        return NewAdjustment.model_validate({**known, **others})

    return make


@pytest.fixture
def waiting() -> NewDecision:
    return NewDecision(kind="wait", reason="labels immature", actor="policy", window="2013-W18")
