"""`mlops check`: what `dg check` cannot know without importing scikit-learn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mlops_platform.cli.console import console

if TYPE_CHECKING:
    from mlops_platform.errors import SpecError


@click.command()
def command() -> None:
    """Check every model's YAML as far as code can, heavy imports included."""
    from mlops_platform.components.models import declared_specs
    from mlops_platform.spec import WITHOUT_EVENT_TIME
    from mlops_platform.training.check import check_candidates

    for spec in declared_specs():
        errors = check_candidates(spec)
        if errors:
            _refuse(spec.name, errors)
        console.print(f"[green]✓[/] {spec.name}: every candidate fits and predicts")
        if not spec.features.has_event_time:
            console.print(f"  {WITHOUT_EVENT_TIME}", highlight=False, markup=False, soft_wrap=True)


def _refuse(model: str, errors: "Sequence[SpecError]") -> None:
    """Raise the errors at their lines, which only Dagster's loader knows."""
    from mlops_platform.components.models import declared_models

    for declared in declared_models():
        if declared.spec.name == model:
            declared.location.refuse(errors)
