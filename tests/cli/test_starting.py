"""A process that imports a great deal does so in an order, and is not looked through meanwhile."""

import gc
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mlops_platform.cli import COMMANDS, WITH_MODELS
from mlops_platform.cli.starting import rest_from_full_collections

IMPORTED = """
import sys
import click
from mlops_platform.cli import main
main.get_command(click.Context(main), sys.argv[1])
names = list(sys.modules)
print(names.index("scipy.special") if "scipy.special" in names else "none")
print(min([names.index(heavy) for heavy in sys.argv[2].split() if heavy in names], default=10**6))
"""


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


def test_full_collections_are_rarer_and_others_as_often_as_before() -> None:
    gc.set_threshold(600, 9, 8)
    rest_from_full_collections()
    assert gc.get_threshold() == (600, 9, 100)


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
