"""What may be imported where the code location loads."""

import subprocess
import sys

HEAVY = ("bentoml", "pandas", "numpy", "sklearn", "skops")
LIGHT = (
    *("schema", "golden", "contents", "requirements"),
    *("packing.parity", "packing.packaging", "packing.probe"),
)


def test_modules_that_usecases_import_load_nothing_heavy():
    program = (
        "import sys\n"
        + "".join(f"import mlops_platform.serving.{module}\n" for module in LIGHT)
        + f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
