"""What the commands that run a model share: the deployment, its jobs, and a display."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlops_platform.cli.console import console
from mlops_platform.cli.home.setup import ensure_set_up

if TYPE_CHECKING:
    from mlops_platform.driving.by_hand import ByHand


@contextmanager
def by_hand(model: str, actor: str) -> Iterator["ByHand"]:
    """A declared model, ready to be run in this process.

    Raises:
        SpecError: no YAML declares it.
    """
    from mlops_platform.components.models import declared_spec

    declared_spec(model)
    ensure_set_up()
    from mlops_platform.cli.progress import ConsoleDisplay
    from mlops_platform.components.models import declared_lifecycle, loading
    from mlops_platform.definitions import defs
    from mlops_platform.driving.by_hand import ByHand
    from mlops_platform.driving.driver import JobDriver
    from mlops_platform.driving.instance import open_quiet_instance
    from mlops_platform.usecases.deployment import open_deployment

    # Before the models by themselves: it refuses at its line what does not fit together.
    with loading():
        definitions = defs()
    with open_quiet_instance() as instance:
        driver, declared = JobDriver(definitions, instance), declared_lifecycle(model)
        yield ByHand(open_deployment(), driver, declared, ConsoleDisplay(console), actor)
