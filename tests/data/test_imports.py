import subprocess
import sys
from pathlib import Path

import mlops_platform.data


def test_no_module_of_the_room_imports_an_engine_when_it_is_loaded() -> None:
    """Definitions import this room at load, which must stay quick."""
    [folder] = mlops_platform.data.__path__
    modules = [f"mlops_platform.data.{path.stem}" for path in Path(folder).glob("[!_]*.py")]
    heavy = {"duckdb", "pyarrow", "numpy", "pandas", "dbt", "dagster"}
    program = f"import sys, {', '.join(modules)}; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
