"""The scorer, and what it does without its optional rooms."""

import subprocess
import sys

from mlops_platform.serving.contents import Contents

WITHOUT_OPTIONAL_ROOMS = """
import importlib, pkgutil, sys
from dataclasses import replace
from pathlib import Path
import mlops_platform.serving as serving

optional = ("mlops_platform.serving.scoring.compiled", "mlops_platform.serving.explaining")
sys.modules |= dict.fromkeys(optional)  # importing one fails
for module in pkgutil.walk_packages(serving.__path__, serving.__name__ + ".", lambda name: None):
    if not module.name.startswith((*optional, serving.__name__ + ".bento_entry")):
        importlib.import_module(module.name)

from mlops_platform.serving.contents import read_contents
from mlops_platform.serving.served_version import load_served_version
packed = read_contents(Path(sys.argv[1]))
plain = packed.release.model_copy(update={"compiled": False, "explained": False})
version = load_served_version(replace(packed, release=plain))
row = packed.golden_rows.rows[0]
assert version.scorer.numbers(row.features) == row.numbers
assert version.explainer is None
"""


def test_a_version_serves_by_its_pipeline_without_the_compiled_model_and_the_explainer(
    packed: Contents,
):
    finished = subprocess.run(
        [sys.executable, "-c", WITHOUT_OPTIONAL_ROOMS, str(packed.model_directory.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
