"""`mlops check`: what `dg check` cannot know without importing scikit-learn."""

import click

from mlops_platform.cli.console import console


@click.command()
def command() -> None:
    """Check every model's YAML as far as code can, heavy imports included."""
    from mlops_platform.components.models import declared_models
    from mlops_platform.training.check import check_candidates

    for model in declared_models():
        model.location.refuse(check_candidates(model.spec))
        console.print(f"[green]✓[/] {model.spec.name}: every candidate fits and predicts")
