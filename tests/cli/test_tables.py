"""Tables fold what does not fit a terminal of 80 columns, and cut nothing."""

import re
from datetime import date

import pyarrow as pa
import pytest
from click.testing import CliRunner
from rich.console import Console

from mlops_platform.cli import main
from mlops_platform.cli.console import answers_table, console, folding_table
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.settings import PROJECT_ROOT, Settings
from tests.data.landing.landed import landed

CLI = PROJECT_ROOT / "mlops_platform" / "cli"


def test_every_table_of_a_command_is_a_folding_one() -> None:
    others = {
        file.relative_to(CLI).as_posix()
        for file in CLI.rglob("*.py")
        if re.search(r"rich\.table import .*\bTable\b", file.read_text(encoding="utf-8"))
    }
    assert others == {"console.py"}


@pytest.mark.parametrize("columns", [1, 4, 12])
def test_a_folding_table_holds_every_character(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setattr(console, "width", 80)
    table = folding_table({f"column_{at}": None for at in range(columns)})
    table.add_row(*(chr(ord("a") + at) * 50 for at in range(columns)))
    narrow = Console(width=80)
    with narrow.capture() as capture:
        narrow.print(table)
    shown = capture.get()
    assert "…" not in shown
    for at in range(columns):
        assert shown.count(chr(ord("a") + at)) >= 50


def test_an_answer_of_many_outputs_has_one_on_each_line() -> None:
    answer = {"decision": "[b]fog"} | {f"probability_{at}": at / 7 for at in range(1, 21)}
    narrow = Console(width=80)
    with narrow.capture() as capture:
        narrow.print(answers_table({"answered": answer, "offline now": answer}))
    told = [line.split() for line in capture.get().splitlines()]
    for output, number in answer.items():
        assert [output, repr(number), repr(number)] in told


def test_a_wide_answer_of_a_query_is_whole(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "width", 80)
    rows = pa.table({f"column_{at}": [f"{at}" * 30] for at in range(10)})
    landed(home.landing, LandedTable(table="wide", key=("column_0",)), date(2024, 3, 1), rows)
    shown = CliRunner().invoke(main, ["sql", "select * exclude (day) from landing.wide"]).output
    assert "…" not in shown
    assert max(map(len, shown.splitlines())) <= 80
    for at in range(10):
        assert shown.count(str(at)) >= 30
