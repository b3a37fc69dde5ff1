"""What the commands that run a model share: the deployment, its jobs, and a display."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from mlops_platform.cli.console import console, quiet_console
from mlops_platform.cli.home.setup import ensure_set_up
from mlops_platform.errors import SpecError
from mlops_platform.settings import settings

if TYPE_CHECKING:
    from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
    from mlops_platform.driving.by_hand import ByHand
    from mlops_platform.driving.driver import JobDriver


@contextmanager
def by_hand(model: str, actor: str, *, quiet: bool = False) -> Iterator["ByHand"]:
    """A declared model, ready to be run in this process.

    Args:
        quiet: show no progress: another program reads the output.

    Raises:
        LedgerError: it is retired.
        SpecError: no YAML declares it.
    """
    with quiet_console() if quiet else nullcontext():
        _refuse_unknown(model)
        ensure_set_up()
        refuse_if_retired(model)
        with job_driver() as driver:
            from mlops_platform.components.models import declared_lifecycle

            yield running_by_hand(driver, declared_lifecycle(model), actor)


@contextmanager
def job_driver() -> Iterator["JobDriver"]:
    """The jobs of everything that is declared, to be run in this process.

    Raises:
        SpecError: of what is declared, something does not fit together.
    """
    from mlops_platform.components.models import loading
    from mlops_platform.definitions import defs
    from mlops_platform.driving.driver import JobDriver
    from mlops_platform.driving.instance import open_quiet_instance

    # Before the models by themselves: it refuses at its line what does not fit together.
    with loading():
        definitions = defs()
    with open_quiet_instance() as instance:
        yield JobDriver(definitions, instance)


def running_by_hand(driver: "JobDriver", model: "LifecycleModel", actor: str) -> "ByHand":
    """One model, shown on the console while it runs."""
    from mlops_platform.cli.progress import ConsoleDisplay
    from mlops_platform.driving.by_hand import ByHand
    from mlops_platform.usecases.deployment import open_deployment

    return ByHand(open_deployment(), driver, model, ConsoleDisplay(console), actor)


def refuse_if_retired(model: str) -> None:
    """Refuse to run a retired model.

    Raises:
        LedgerError: names who retired it, when, why, and how to take it back.
    """
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.ledger.retirement import refuse_retired

    refuse_retired(open_deployment().ledger, model)


def _refuse_unknown(model: str) -> None:
    """Before anything is set up; a model whose YAML is gone may be a retired one."""
    from mlops_platform.components.models import declared_spec

    try:
        declared_spec(model)
    except SpecError:
        if (settings().home / "setup.json").is_file():
            ensure_set_up()
            refuse_if_retired(model)
        raise
