"""A process that imports a great deal does so in an order."""

import subprocess
import sys

import pytest

from mlops_platform.cli import COMMANDS, WITH_MODELS

IMPORTED = """
import sys
import click
from mlops_platform.cli import main
main.get_command(click.Context(main), sys.argv[1])
names = list(sys.modules)
print(names.index("scipy.special") if "scipy.special" in names else "none")
print(min([names.index(heavy) for heavy in sys.argv[2].split() if heavy in names], default=10**6))
"""


@pytest.mark.parametrize("command", ["train", "predict"])
def test_a_command_with_models_imports_scipy_before_what_is_large(command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, command, "dagster dbt mlflow evidently sklearn"],
        capture_output=True,
        text=True,
        check=True,
    )
    scipy, large = map(int, done.stdout.split())
    assert scipy < large


def test_commands_with_models_are_commands() -> None:
    assert set(WITH_MODELS) <= COMMANDS.keys()
