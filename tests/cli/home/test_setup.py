"""`mlops setup` makes deliveries of what an older version has landed, wherever it is killed."""

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from mlops_platform.cli.home import setup
from mlops_platform.cli.home.setup import ensure_set_up, parsed_project
from mlops_platform.data.landing import adoption
from mlops_platform.data.landing.deliveries import landed_rows
from mlops_platform.data.parquet import write_parquet
from mlops_platform.formats.home_stamp import read_stamp
from mlops_platform.formats.number import FORMAT
from mlops_platform.settings import Settings

DAYS = [date(2013, 1, 1) + timedelta(days=at) for at in range(4)]


@pytest.fixture
def of_format_4(home: Settings) -> Settings:
    """A home of before deliveries, with some landed days."""
    ensure_set_up()
    stamp = home.home / "setup.json"
    stamp.write_text(json.dumps(json.loads(stamp.read_text()) | {"format": 4}))
    for day in DAYS:
        rows = pa.table({"flight_id": ["a", "b"]})
        write_parquet(rows, home.landing / "flights" / f"day={day}" / "data.parquet")
    return home


def landed(home: Settings) -> list[int]:
    return [landed_rows(home.landing, "flights", day) for day in DAYS]


def test_days_of_before_are_deliveries_after_set_up_also_where_it_was_killed_in_the_midst(
    of_format_4: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adopt = adoption._adopt

    def dying(root: Path, folder: Path, sight: object) -> object:
        if folder.name.endswith(str(DAYS[2])):
            raise KeyboardInterrupt
        return adopt(root, folder, sight)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(adoption, "_adopt", dying)
        ensure_set_up()
    assert f"upgraded {of_format_4.home} to format {FORMAT}" in capsys.readouterr().out
    stamp = read_stamp(of_format_4.home)
    assert stamp is not None
    assert stamp.format == FORMAT
    assert landed(of_format_4) == [2, 2, 0, 0]

    assert ensure_set_up()
    assert "made deliveries of 2 landed days" in capsys.readouterr().out
    assert landed(of_format_4) == [2] * 4
    assert list(of_format_4.landing.glob("*/day=*/*.parquet")) == []
    assert not ensure_set_up()


def test_another_home_of_a_project_that_is_parsed_is_set_up_without_parsing_it(
    home: Settings,
) -> None:
    made_at = parsed_project().stat().st_mtime_ns
    assert ensure_set_up()
    assert parsed_project().stat().st_mtime_ns == made_at


def test_where_the_dbt_project_alone_has_changed_no_database_is_opened(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure_set_up()
    stamp = home.home / "setup.json"
    current = json.loads(stamp.read_text())
    stamp.write_text(json.dumps(current | {"dbt_project": "of yesterday"}))
    monkeypatch.setattr(setup, "_set_up", lambda current: pytest.fail("everything was set up"))
    assert ensure_set_up()
    assert json.loads(stamp.read_text()) == current
    assert not ensure_set_up()
