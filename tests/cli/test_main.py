"""The command line itself: fast help, and errors that a person can act on."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click import Choice, Context, Option, confirm
from click.testing import CliRunner
from dagster.components.testing import create_defs_folder_sandbox

from mlops_platform.cli import COMMANDS, INTERRUPTED, WITHOUT_HOME, WORKING_ON_ANY_HOME, main
from mlops_platform.components import models
from mlops_platform.formats.home_stamp import STAMP_FILE
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.settings import PROJECT_ROOT, Settings
from tests.cli.conftest import MODEL, Past
from tests.documents.cases import Case, refuse_undocumented

HELP_AND_MODULES = """
import json, sys
from mlops_platform.cli import main
main(["--help"], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""
NOT_SET_UP = Case(
    "a command before the first set-up",
    "an empty table, or a traceback",
    "refused with the two ways to begin",
    "is not set up yet. Call `make demo`, which does so and shows the example at work",
)
MISSPELT = Case(
    "a misspelt command",
    "refused",
    "refused with what was meant; so are options and models",
    "No such command 'statsu'. Did you mean 'status'?",
)
UNLOADABLE = Case(
    "any command but the check where YAML cannot be loaded",
    "a traceback of Dagster's, of the first mistake only",
    "refused with the command that tells all mistakes",
    "what is declared cannot be loaded. `mlops check` tells every mistake in it",
)
BUG = Case(
    "a bug",
    "a traceback",
    "a sentence, and a file with the traceback; `--debug` shows it",
    "came upon what nobody foresaw: ZeroDivisionError: division by zero",
)
SLOW_TO_IMPORT = {"dagster", "dbt", "duckdb", "mlflow", "pandas", "sklearn", "sqlalchemy"}


def test_help_lists_every_command_without_importing_any() -> None:
    output = subprocess.run(
        [sys.executable, "-c", HELP_AND_MODULES],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in COMMANDS:
        assert f"  {name} " in output
    assert SLOW_TO_IMPORT.isdisjoint(json.loads(output.splitlines()[-1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    shown = CliRunner().invoke(main, [name, "--help"])
    assert shown.exit_code == 0
    assert COMMANDS[name].help in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statsu"], MISSPELT.reads),
        (["replay-requests"], "Did you mean 'replay-request'?"),
        (["deploy"], "No such command 'deploy'. "),
        (["zzz"], "`mlops --help` lists them."),
        (["status", "--jsno"], "Did you mean '--json'?"),
        (["why", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["freeze", "flight_dealy", "--reason", "r"], "Did you mean 'flight_delay'?"),
        (["unfreeze", "flight_dealy", "--reason", "r"], "Did you mean 'flight_delay'?"),
        (["approve", "flight_dealy", "--reason", "r"], "Did you mean 'flight_delay'?"),
        (["rollback", "flight_dealy", "--reason", "r"], "Did you mean 'flight_delay'?"),
        (["serve", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["backtest", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["prove", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["train", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["watch", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["incidents", "flight_dealy"], "Did you mean 'flight_delay'?"),
        (["explain", "flight_dealy", "x"], "Did you mean 'flight_delay'?"),
        (["reproduce", "flight_dealy@1"], "Did you mean 'flight_delay'?"),
        (["replay-request", "x", "--model", "flight_dealy"], "Did you mean 'flight_delay'?"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(
    home: Settings, arguments: list[str], said: str
) -> None:
    Ledger(home.ledger_url).create_schema()
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code in (1, 2)
    assert said in refused.stderr
    assert refused.stdout == ""


def test_an_error_of_the_platform_is_a_message_and_no_stack_trace(home: Settings) -> None:
    refused = CliRunner().invoke(main, ["sql", "select * from features.nothing"])
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("Error: ")
    assert "nothing does not exist" in refused.stderr
    assert isinstance(refused.exception, SystemExit)


def test_a_bug_is_a_sentence_and_its_traceback_is_kept(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_platform.cli.reporting.sql.settings", lambda: 1 / 0)
    failed = CliRunner().invoke(main, ["sql"])
    assert failed.exit_code == 1
    assert failed.stdout == ""
    sentence, where = failed.stderr.splitlines()
    assert sentence == f"Error: mlops sql {BUG.reads}"
    (file,) = (home.home / "logs").glob("*-sql.txt")
    assert where == f"Its traceback is in {file}; `mlops --debug sql ...` shows it."
    assert "Traceback (most recent call last)" in file.read_text()


def test_a_traceback_that_cannot_be_kept_is_shown(
    home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlops_platform.cli.reporting.sql.settings", lambda: 1 / 0)
    (home.home / "logs").write_text("no folder")
    failed = CliRunner().invoke(main, ["sql"])
    assert "Its traceback cannot be kept:\nTraceback (most recent call last)" in failed.stderr


@pytest.mark.parametrize(("arguments", "variable"), [(["--debug"], ""), ([], "1")])
def test_a_bug_keeps_its_stack_trace_for_who_asks(
    home: Settings, monkeypatch: pytest.MonkeyPatch, arguments: list[str], variable: str
) -> None:
    monkeypatch.setattr("mlops_platform.cli.reporting.sql.settings", lambda: 1 / 0)
    failed = CliRunner(env={"MLOPS_DEBUG": variable}).invoke(main, [*arguments, "sql"])
    assert isinstance(failed.exception, ZeroDivisionError)


@pytest.mark.parametrize("text", ["type: [", "type: nowhere.Nothing\n", "attributes: {}\n"])
def test_what_cannot_be_loaded_is_told_by_the_check(
    past: Past, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Dagster's own message is a page long, and of the first mistake only."""
    with create_defs_folder_sandbox() as sandbox:
        (sandbox.defs_folder_path / "defs.yaml").write_text(text)
        monkeypatch.setattr(models, "DEFS", sandbox.defs_folder_path)
        with sandbox.build_component_tree() as tree:
            monkeypatch.setattr(models, "component_tree", lambda: tree)
            failed = CliRunner().invoke(main, ["status"])
    assert failed.stdout == ""
    assert failed.stderr == f"Error: {UNLOADABLE.reads}, each with file, line and fix.\n"


def test_a_model_of_the_ledger_is_frozen_though_no_yaml_can_be_read(
    past: Past, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "defs.yaml").write_text("type: [")
    monkeypatch.setattr(models, "DEFS", tmp_path)
    frozen = CliRunner().invoke(main, ["freeze", MODEL, "--reason", "r", "--actor", "alice"])
    assert frozen.exit_code == 0, frozen.output


@pytest.mark.parametrize(
    "arguments",
    [
        *(["status"], ["why", "flight_delay"], ["sql"], ["doctor"], ["incidents"], ["reconcile"]),
        *(["serve", "flight_delay"], ["reproduce", "flight_delay@1"], ["prove", "flight_delay"]),
        *(["explain", "flight_delay", "x"],),
        *(["freeze", "flight_delay", "--reason", "r"], ["backtest", "flight_delay"]),
        *(["unfreeze", "flight_delay", "--reason", "r"], ["replay-request", "x"]),
        *(["rollback", "flight_delay", "--reason", "r"], ["backup", "."]),
        *(["approve", "flight_delay", "--reason", "r"],),
        ["export", "flight_delay", "--format", "python"],
        ["erase", "weather", "--where", "true", "--reason", "r"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_before_the_first_set_up_a_command_says_how_to_begin(
    home: Settings, arguments: list[str]
) -> None:
    (home.home / STAMP_FILE).unlink()
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert f"the home {home.home} {NOT_SET_UP.reads}" in refused.stderr
    assert "`mlops setup`" in refused.stderr


def test_every_other_command_sets_up_or_needs_no_home() -> None:
    told = {"status", "why", "sql", "doctor", "incidents", "reconcile", "serve", "reproduce"}
    told |= {"prove", "freeze", "unfreeze", "backtest", "replay-request", "rollback", "backup"}
    told |= {"approve", "erase", "explain", "export", "lineage", "predict", "retire"}
    assert set(COMMANDS) - told == {*WORKING_ON_ANY_HOME, *WITHOUT_HOME}


def _some_value(option: Option) -> str:
    return str(option.type.choices[0]) if isinstance(option.type, Choice) else "x"


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_ends_every_command_in_a_sentence(
    home: Settings, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    command = main.get_command(Context(main), name)
    assert command is not None
    monkeypatch.setattr(command, "invoke", pressed)
    required = [p for p in command.params if p.required]
    values = [
        value
        for parameter in required
        for value in (
            [parameter.opts[-1], _some_value(parameter)]
            if isinstance(parameter, Option)
            else [str(home.home)]
        )
    ]
    ended = CliRunner().invoke(main, [name, *values])
    assert ended.exit_code == INTERRUPTED == 130
    assert ended.stdout == ""
    (sentence,) = ended.stderr.splitlines()
    assert sentence.startswith("Interrupted")


@pytest.mark.parametrize(
    ("answer", "code", "said"), [(None, INTERRUPTED, "Interrupted.\n"), ("n", 1, "Aborted!\n")]
)
def test_ctrl_c_at_a_question_is_an_interruption_and_a_no_is_none(
    home: Settings, monkeypatch: pytest.MonkeyPatch, answer: str | None, code: int, said: str
) -> None:
    def answered(_question: str) -> str:
        if answer is None:
            raise KeyboardInterrupt
        return answer

    sql = main.get_command(Context(main), "sql")
    assert sql is not None

    def ask(**_: object) -> None:
        monkeypatch.setattr("click.termui.visible_prompt_func", answered)
        confirm("Erase them?", abort=True)

    monkeypatch.setattr(sql, "callback", ask)
    ended = CliRunner().invoke(main, ["sql"])
    assert ended.exit_code == code
    assert ended.stderr.endswith(said)


def test_the_version_is_told() -> None:
    shown = CliRunner().invoke(main, ["--version"])
    assert shown.output == f"mlops {version('mlops-platform')}\n"


def test_every_case_is_documented() -> None:
    refuse_undocumented("Commands", [NOT_SET_UP, MISSPELT, UNLOADABLE, BUG])


def test_a_command_writes_privately_and_leaves_the_umask_of_its_caller(home) -> None:
    before = os.umask(0o022)
    try:
        CliRunner().invoke(main, ["status"])
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)
