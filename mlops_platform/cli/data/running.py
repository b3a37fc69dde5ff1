"""What commands that run jobs of no single model share."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_platform.cli.console import console

if TYPE_CHECKING:
    from mlops_platform.cli.progress import ConsoleDisplay
    from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
    from mlops_platform.driving.driver import JobDriver


@contextmanager
def opened_driver() -> Iterator["tuple[JobDriver, list[LifecycleModel], ConsoleDisplay]"]:
    """The jobs of this deployment, its declared models, and a display."""
    from mlops_platform.cli.progress import ConsoleDisplay
    from mlops_platform.components.models import declared_lifecycles, loading
    from mlops_platform.definitions import defs
    from mlops_platform.driving.driver import JobDriver
    from mlops_platform.driving.instance import open_quiet_instance

    with loading():
        definitions = defs()
    with open_quiet_instance() as instance:
        yield JobDriver(definitions, instance), declared_lifecycles(), ConsoleDisplay(console)
