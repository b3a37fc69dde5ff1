"""Erasing leaves a decision, a tombstone and the names of what still holds what was erased."""

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.data.landing.day_versions import VERSIONS
from mlops_platform.data.landing.deliveries import day_folder
from mlops_platform.data.landing.erasing import Erasure, Tombstone
from mlops_platform.data.parquet import read_parquet, write_parquet
from mlops_platform.data.traces import Trace
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.erasure.erase import ErasureRequest, erase, plan_erasure
from tests.data.landing.landed import landed, minutes, table_of

DAY = date(2024, 3, 1)
NOW = datetime(2024, 5, 1, tzinfo=UTC)
WANTED = ErasureRequest(
    table="visits",
    condition="name = 'Ann'",
    reason="A request of 30 April.",
    actor="alice",
    models=("stays", "costs"),
)


@pytest.fixture
def deployment(home: Settings) -> Deployment:
    """A landed table, and what was made of it."""
    deployment = Deployment(home, moment_of=lambda model: NOW)
    deployment.ledger.create_schema()
    for at, name in enumerate(("Ann", "Anna")):
        rows = table_of(id=[1, 2], name=[name, "Bob"])
        landed(home.landing, "visits", DAY, rows, minutes(at))
    made = table_of(id=["1", "2", "1"], age=[30, 40, 30])
    for file in (
        home.published / "visit_features" / f"local_date={DAY}" / "data.parquet",
        home.training_sets / "stays" / "abc" / "rows.parquet",
        home.predictions / "stays" / "window=2024-02-26" / "data.parquet",
        home.lake / "served" / "stays" / "day=2024-03-02" / "predictions.parquet",
    ):
        write_parquet(made, file)
    unrelated = home.published / "wards" / f"local_date={DAY}" / "data.parquet"
    write_parquet(table_of(ward=["1"]), unrelated)
    return deployment


def rows_left(deployment: Deployment) -> int:
    folder = day_folder(deployment.settings.landing, "visits", DAY)
    files = (file for file in folder.rglob("*.parquet") if file.stem != VERSIONS)
    return sum(read_parquet(file).num_rows for file in files)


def tombstones(deployment: Deployment) -> list[Tombstone]:
    files = sorted((deployment.settings.landing / "visits" / "_erased").glob("*"))
    return [Tombstone.from_stored(file.read_bytes()) for file in files]


def test_a_plan_tells_what_would_go_and_what_would_still_hold_it(deployment: Deployment) -> None:
    plan = plan_erasure(deployment, WANTED)
    assert (plan.rows, plan.facts, plan.days, plan.decisions) == (2, 1, (DAY,), {})
    assert plan.traces == (
        Trace(kind="features", name="visit_features", part=None, rows=2),
        Trace(kind="predictions", name="stays", part="2024-02-26", rows=2),
        Trace(kind="served", name="stays", part="2024-03-02", rows=2),
        Trace(kind="training_sets", name="stays", part="abc", rows=2),
    )
    assert rows_left(deployment) == 3
    assert deployment.ledger.models() == []


def test_every_model_that_is_made_from_it_gets_a_decision_and_the_table_a_tombstone(
    deployment: Deployment,
) -> None:
    plan = plan_erasure(deployment, WANTED)
    erased = erase(deployment, WANTED, plan.identity)
    assert rows_left(deployment) == 1
    assert erased.traces == plan.traces
    for model in WANTED.models:
        (decision,) = deployment.ledger.decisions(model)
        assert (decision.kind, decision.reason, decision.actor) == (
            "erase",
            "A request of 30 April.",
            "alice",
        )
        assert decision.evidence["rows"] == 2
        assert "Ann" not in decision.model_dump_json()
        assert deployment.ledger.verify_chain(model) is None
        assert erased.decisions[model] == decision.id
    (tombstone,) = tombstones(deployment)
    assert tombstone.decisions == erased.decisions
    # The table is no model's, so that no replay dates what was taken out of it.
    assert tombstone.erased_at > NOW
    assert "Ann" not in tombstone.model_dump_json()


def test_who_was_killed_after_the_decisions_goes_on_without_a_second_one(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_erasure(deployment, WANTED)

    def dying(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Erasure, "commit", dying)
        erase(deployment, WANTED, plan.identity)
    assert (rows_left(deployment), tombstones(deployment)) == (3, [])
    erased = erase(deployment, WANTED, plan_erasure(deployment, WANTED).identity)
    assert rows_left(deployment) == 1
    for model in WANTED.models:
        assert [row.id for row in deployment.ledger.decisions(model)] == [erased.decisions[model]]


def test_what_has_changed_since_the_plan_is_not_erased(deployment: Deployment) -> None:
    plan = plan_erasure(deployment, WANTED)
    more = table_of(id=[1, 2], name=["Ann", "Bob"])
    landed(deployment.settings.landing, "visits", date(2024, 3, 2), more)
    with pytest.raises(DataError, match="visits has changed since the plan was made: 3 rows"):
        erase(deployment, WANTED, plan.identity)
    assert deployment.ledger.models() == []


def test_nothing_is_no_erasure(deployment: Deployment) -> None:
    nobody = ErasureRequest(**{**vars(WANTED), "condition": "id = 99"})
    plan = plan_erasure(deployment, nobody)
    assert plan.rows == 0
    with pytest.raises(DataError, match="no row of visits meets the condition"):
        erase(deployment, nobody, plan.identity)
    assert deployment.ledger.models() == []


def test_keys_that_are_moments_are_found(deployment: Deployment) -> None:
    lake: Path = deployment.settings.lake
    moment = pa.array([NOW], pa.timestamp("us", tz="UTC"))
    rows = pa.table({"id": moment, "name": ["Ann"]})
    landed(lake / "landing", "moments", DAY, rows)
    write_parquet(rows, lake / "features" / "moments" / f"local_date={DAY}" / "data.parquet")
    plan = plan_erasure(deployment, ErasureRequest(**{**vars(WANTED), "table": "moments"}))
    assert [(trace.name, trace.rows) for trace in plan.traces] == [("moments", 1)]
