"""`--json`: one document on standard output and nothing else, by every command that shows a thing.

A command that is added has it, or says here why not; what a cheap one answers is looked at here.
"""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from mlops_platform.cli import COMMANDS, main
from mlops_platform.cli.console import console
from mlops_platform.cli.home.setup import parsed_project
from mlops_platform.components import models
from mlops_platform.data.features.dbt import DbtProjectFolder
from mlops_platform.data.landing.landed_table import LandedTable
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.settings import DBT_PROJECT, Settings
from tests.cli.conftest import MODEL, Past
from tests.data.landing.landed import landed

WITHOUT_JSON = {
    "up": "runs until it is stopped",
    "serve": "runs until it is stopped, and its answers are JSON",
}
REASON = ("--reason", "r", "--actor", "alice")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and every command of a group, by what is typed."""
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", member) for sub, member in command.commands.items())
        else:
            yield name, command


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_every_command_has_it_or_a_reason(name: str, command: click.Command) -> None:
    has_json = any("--json" in parameter.opts for parameter in command.params)
    assert has_json != (name in WITHOUT_JSON), WITHOUT_JSON.get(name)


def document_of(*arguments: str, exit_code: int = 0) -> Any:
    """What a command answers: standard output is one document, from its first character on."""
    shown = invoked(*arguments)
    assert shown.exit_code == exit_code, shown.output
    return json.loads(shown.stdout)


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--json"])


READING: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "status": (("status",), {"as_of", "models"}),
    "why": (("why", MODEL), {"model", "window", "as_of", "replayed", "story"}),
    "why of a window": (
        ("why", MODEL, "2013-04-09"),
        {"model", "window", "as_of", "replayed", "story"},
    ),
    "freeze": (("freeze", MODEL, *REASON), {"decision"}),
    "unfreeze": (("unfreeze", MODEL, *REASON), {"decision"}),
}


@pytest.mark.parametrize(("arguments", "fields"), READING.values(), ids=READING)
def test_a_document_has_its_fields(
    past: Past, arguments: tuple[str, ...], fields: set[str]
) -> None:
    if arguments[0] == "unfreeze":
        invoked("freeze", MODEL, *REASON)
    answered = document_of(*arguments)
    assert set(answered) == fields


def test_a_check_answers_with_mistakes_and_models(
    past: Past, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sound project: tests/cli/project/test_life_of_a_project.py, which checks one anyway."""
    (tmp_path / "defs.yaml").write_text("type: of.nobody\n")
    monkeypatch.setattr(models, "DEFS", tmp_path)
    answered = document_of("check", exit_code=1)
    assert set(answered) == {"mistakes", "models"}
    assert {"file", "line", "problem"} <= set(answered["mistakes"][0])


def test_a_story_has_its_decisions_with_moments_of_one_convention(past: Past) -> None:
    story = document_of("why", MODEL)["story"]
    decisions = [decision for paragraph in story for decision in paragraph["decisions"]]
    assert len(decisions) == 4
    for decision in decisions:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", decision["at"])


def test_the_diagnosis_ends_with_its_code_and_still_answers(past: Past) -> None:
    answered = document_of("doctor", exit_code=1)
    assert answered["well"] is False
    assert {"severity", "what", "where", "cure"} == set(answered["faults"][0])


def test_no_incident_is_an_empty_list(past: Past) -> None:
    assert document_of("incidents") == []
    assert document_of("incidents", "test", MODEL) == {"model": MODEL, "channels": {"log": None}}


def test_nothing_to_repair_is_an_empty_list(home: Settings) -> None:
    Ledger(home.ledger_url).create_schema()
    assert document_of("reconcile") == {"repaired": []}


def test_rows_of_a_query_are_objects_and_no_row_is_cut(home: Settings) -> None:
    rows = pa.table({"id": [f"{at:03}" for at in range(150)], "share": [0.5, None, *[1.0] * 148]})
    landed(home.landing, LandedTable(table="readings", key=("id",)), date(2024, 3, 1), rows)
    columns = "id, share, day, [day] as days, 1.5::decimal(3, 1) as d"
    query = f"select {columns} from landing.readings order by id"
    answered = document_of("sql", query)
    assert len(answered) == 150
    first = {"share": 0.5, "day": "2024-03-01", "days": ["2024-03-01"], "d": "1.5"}
    assert answered[0] == {"id": "000", **first}
    assert answered[1]["share"] is None
    assert [row["name"] for row in document_of("sql")] == ["readings"]


def test_what_is_said_besides_goes_to_standard_error(home: Settings) -> None:
    Ledger(home.ledger_url).create_schema()
    rows = pa.table({"flight_id": ["a", "b"]})
    schedules = LandedTable(table="flight_schedules", key=("flight_id",))
    landed(home.landing, schedules, date(2013, 1, 1), rows)
    where = ("erase", "flight_schedules", "--where", "flight_id = 'a'", *REASON)
    planned = invoked(*where, "--dry-run")
    assert "Would be erased of flight_schedules: 1 row" in planned.stderr
    assert json.loads(planned.stdout)["erased"] is False
    asked = CliRunner().invoke(main, [*where, "--json"], input="y\n")
    erased = json.loads(asked.stdout)
    assert (erased["erased"], erased["rows"], erased["days"]) == (True, 1, ["2013-01-01"])
    assert "Erase them?" in asked.stderr
    assert console.stderr is False


def test_an_error_is_no_document(past: Past) -> None:
    refused = invoked("why", MODEL, "someday")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: ")


@pytest.mark.slow
def test_setting_up_landing_and_backing_up_answer(
    home: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    answered = document_of("setup")
    assert answered == {"home": str(home.home), "format": answered["format"], "changed": True}
    assert document_of("setup")["changed"] is False
    days = ("--from", "2013-01-01", "--to", "2013-01-02")
    landing = document_of("land", "weather", *days, "--actor", "alice")
    assert [delivery["day"] for delivery in landing["deliveries"]] == ["2013-01-01", "2013-01-02"]
    assert (landing["table"], landing["stale"], landing["left_out"]) == ("weather", [], [])
    rebuild = document_of("rebuild", "--dry-run")
    empty: dict[str, object] = {
        name: [] for name in ("built", "measured", "unread", "not_looked_at")
    }
    assert rebuild == {"stale": None, **empty}
    folder = tmp_path_factory.mktemp("backups")
    backup = document_of("backup", str(folder))
    assert set(backup) == {"path", "made_at", "files", "bytes", "not_held"}


def test_the_manifest_is_made_again_where_the_project_has_changed(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[object] = []
    monkeypatch.setattr("mlops_platform.cli.home.setup.parse", parsed.append)
    for current in (True, False):
        monkeypatch.setattr(DbtProjectFolder, "is_parsed", current)
        assert parsed_project() == DBT_PROJECT / "target" / "manifest.json"
        assert len(parsed) == (not current)
