"""The command line itself: fast help, and errors that a person can act on."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from mlops_platform.cli import COMMANDS, main
from mlops_platform.settings import PROJECT_ROOT, Settings

HELP_AND_MODULES = """
import json, sys
from mlops_platform.cli import main
main(["--help"], standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""
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


def test_an_unknown_command_is_refused() -> None:
    refused = CliRunner().invoke(main, ["deploy"])
    assert refused.exit_code == 2
    assert "No such command 'deploy'" in refused.output


def test_an_error_of_the_platform_is_a_message_and_no_stack_trace(home: Settings) -> None:
    refused = CliRunner().invoke(main, ["sql", "select * from features.nothing"])
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: ")
    assert "nothing does not exist" in refused.output
    assert isinstance(refused.exception, SystemExit)


def test_a_bug_keeps_its_stack_trace(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlops_platform.cli.reporting.sql.settings", lambda: 1 / 0)
    failed = CliRunner().invoke(main, ["sql"])
    assert isinstance(failed.exception, ZeroDivisionError)
