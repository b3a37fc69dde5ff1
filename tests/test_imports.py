"""Loading the definitions imports every room, and must stay quick: nothing heavy at the top.

Commands that only read what was declared and recorded start without Dagster.
"""

import subprocess
import sys

import pytest

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.settings import Settings

HEAVY = (
    *("bentoml", "dagster", "dbt", "duckdb", "evidently", "jinja2", "matplotlib", "mlflow"),
    *("numpy", "optuna", "pandas", "pyarrow", "scipy", "skops", "sklearn", "sqlalchemy"),
)
ROOMS = (
    *("artifacts", "data", "exporting", "formats", "ledger", "monitoring", "notifying"),
    *("registry", "serving", "spec", "tasks", "training", "usecases"),
)
LOADED_BY_OTHERS = (
    "mlops_platform.data.dbt_plugins.",
    "mlops_platform.ledger.schema.migrations.",
    "mlops_platform.registry.home_artifacts",
    "mlops_platform.serving.bento_entry",
    "mlops_platform.serving.http.fronted_service",
    "mlops_platform.serving.service",
)
"""By dbt, Alembic, MLflow and BentoML, when these run."""
EXCUSED = {
    "mlops_platform.monitoring.policy.backtest.published": "a library's baselines, asked for once",
}
NEEDED = {"ledger": {"sqlalchemy"}, "usecases": {"sqlalchemy"}}

PROGRAM = """
import importlib, pkgutil, sys
room = importlib.import_module("mlops_platform." + sys.argv[1])
left_out = tuple(sys.argv[2].split())
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    if not module.name.startswith(left_out):
        importlib.import_module(module.name)
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[3].split())))
"""


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_whole_room_loads_nothing_heavy(room: str) -> None:
    left_out = " ".join((*LOADED_BY_OTHERS, *EXCUSED))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, room, left_out, " ".join(HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) <= NEEDED.get(room, set())


COMMAND = """
import sys
from mlops_platform.cli import main
main(sys.argv[1].split(), standalone_mode=False)
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[2].split())))
"""


@pytest.mark.parametrize(
    "command", ["status", "status --json", "why flight_delay", "incidents", "reconcile"]
)
def test_a_command_that_reads_starts_without_what_it_does_not_need(
    home: Settings, command: str
) -> None:
    Ledger(home.ledger_url).create_schema()
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, command, " ".join(HEAVY)],
        capture_output=True,
        text=True,
        check=True,
    )
    # Templates in a model's YAML are Jinja's.
    assert set(done.stdout.splitlines()[-1].split()) <= {"jinja2", "sqlalchemy"}
