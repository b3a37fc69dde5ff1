import subprocess
import sys

HEAVY = [
    "sklearn",
    "numpy",
    "pandas",
    "scipy",
    "evidently",
    "pyarrow",
    "matplotlib",
    "jinja2",
    "mlflow",
    "dagster",
]

SCRIPT = """
import importlib, pkgutil, sys
import mlops_platform.monitoring as room
for module in pkgutil.iter_modules(room.__path__):
    importlib.import_module(f"{room.__name__}.{module.name}")
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1:])))
"""


def test_importing_the_whole_room_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *HEAVY], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
