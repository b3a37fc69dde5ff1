"""The Dagster instance for runs in this process, which leave it its terminal."""

import dagster as dg
import yaml

from mlops_platform.components.instance import open_instance
from mlops_platform.files import write_text
from mlops_platform.settings import settings

CONFIGURATION = "in_process.yaml"
NO_CAPTURE = {
    "module": "dagster._core.storage.noop_compute_log_manager",
    "class": "NoOpComputeLogManager",
}
"""To capture what a step prints, Dagster turns the output of this process into a file and starts
four processes that copy it back. Progress would be captured too, and Ctrl-C would reach the four,
each of which would answer with a stack trace."""


def open_quiet_instance() -> dg.DagsterInstance:
    """The instance under `MLOPS_HOME`, as its `dagster.yaml` says but without that capture."""
    open_instance().dispose()
    home = settings().dagster_home
    configuration = yaml.safe_load((home / "dagster.yaml").read_text(encoding="utf-8"))
    text = yaml.safe_dump({**configuration, "compute_logs": NO_CAPTURE})
    write_text(home / CONFIGURATION, text)
    return dg.DagsterInstance.from_config(str(home), CONFIGURATION)
