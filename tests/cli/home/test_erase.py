"""`mlops erase`: asks, erases, and tells what is left."""

from datetime import date

import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import main
from mlops_platform.data.landing.deliveries import landed_rows
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.data.parquet import write_parquet
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import open_deployment
from tests.data.landing.landed import landed, table_of

DAY = date(2013, 1, 1)
SCHEDULES = LandedTable(table="flight_schedules", key=("flight_id",))


@pytest.fixture
def lake(home: Settings) -> Settings:
    open_deployment().ledger.create_schema()
    rows = table_of(flight_id=["a", "b"], carrier=["X", "Y"])
    landed(home.landing, SCHEDULES, DAY, rows)
    file = home.published / "flight_features" / f"local_date={DAY}" / "data.parquet"
    write_parquet(rows, file)
    return home


def _erase(*options: str, answer: str | None = None) -> Result:
    where = ("--where", "flight_id = 'a'", "--reason", "A request.", "--actor", "alice")
    runner = CliRunner(env={"COLUMNS": "200"})
    return runner.invoke(main, ["erase", "flight_schedules", *where, *options], input=answer)


def _left(home: Settings) -> int:
    return landed_rows(home.landing, "flight_schedules", DAY)


def test_it_erases_and_tells_decisions_and_what_still_holds_the_key(lake: Settings) -> None:
    shown = _erase("--yes")
    assert shown.exit_code == 0, shown.output
    assert "Erased of flight_schedules: 1 row (1 fact, 2013-01-01)." in shown.output
    assert "published table flight_features: 1 row\n" in shown.output
    assert "`mlops rebuild` builds again" in shown.output
    assert _left(lake) == 1
    ledger = open_deployment().ledger
    assert "flight_delay" in ledger.models()
    for model in ledger.models():
        (decision,) = ledger.decisions(model)
        assert decision.kind == "erase"
        assert f"decision {decision.id} of {model} tells so." in shown.output
    assert "nothing is to be erased" in _erase("--yes").output


def test_a_dry_run_changes_nothing(lake: Settings) -> None:
    shown = _erase("--dry-run")
    assert "Would be erased of flight_schedules: 1 row" in shown.output
    assert "published table flight_features" in shown.output
    assert _left(lake) == 2


def test_who_says_no_has_erased_nothing(lake: Settings) -> None:
    shown = _erase(answer="n\n")
    assert shown.exit_code == 1
    assert "Erase them?" in shown.output
    assert _left(lake) == 2
    assert _erase(answer="y\n").exit_code == 0
    assert _left(lake) == 1


@pytest.mark.parametrize("option", ["--where", "--reason"])
def test_nothing_is_no_condition_and_no_reason(lake: Settings, option: str) -> None:
    assert _erase(option, " ").exit_code == 2
