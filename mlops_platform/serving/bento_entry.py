"""The entry of a Bento: packaging copies this file as `service.py` to the root of its sources."""

import os
from pathlib import Path

# One row is too little work for a team of threads: on a busy machine they make it 6-9x slower.
# Must be set before NumPy or scikit-learn load their thread pools.
os.environ["OMP_NUM_THREADS"] = "1"

import mlops_platform

SOURCES = Path(__file__).resolve().parent
if not Path(mlops_platform.__file__).resolve().is_relative_to(SOURCES):
    raise ImportError(
        f"mlops_platform was imported from {mlops_platform.__file__}, not from {SOURCES}; "
        "serve the Bento in a process that has not imported another copy."
    )

from mlops_platform.serving.service import create_service  # noqa: E402 - guarded above

service = create_service(SOURCES)
