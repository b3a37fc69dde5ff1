import subprocess
import sys
from pkgutil import walk_packages

import mlops_platform.data


def test_no_module_of_the_room_imports_an_engine_when_it_is_loaded() -> None:
    """Definitions import this room at load, which must stay quick."""
    rooms = walk_packages(mlops_platform.data.__path__, "mlops_platform.data.")
    # dbt loads its plugins itself, when it runs.
    modules = [room.name for room in rooms if ".dbt_plugins" not in room.name]
    heavy = {"duckdb", "pyarrow", "numpy", "pandas", "dbt", "dagster"}
    program = f"import sys, {', '.join(modules)}; print(sorted({heavy!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
