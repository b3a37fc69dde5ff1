"""`mlops backtest`: what every retraining policy of a model would have been worth."""

import click

from mlops_platform.cli.console import console


@click.command()
@click.argument("model")
def command(model: str) -> None:
    """Replay the past under every retraining policy, and recommend one.

    The first call fits the model once per window and history; later ones fit what is new.
    """
    from rich.markdown import Markdown

    from mlops_platform.components.model_lifecycle.services import present_moment
    from mlops_platform.components.models import declared_spec
    from mlops_platform.monitoring.policy.backtest.report import markdown_of
    from mlops_platform.settings import settings
    from mlops_platform.usecases.backtest.replay import backtest_policies
    from mlops_platform.usecases.backtest.report import keep_backtest

    spec, home = declared_spec(model), settings().backtest(model)
    found = backtest_policies(
        spec, settings().published, home / "fits", present_moment(), console.print
    )
    keep_backtest(found, home, settings().records)
    console.print(Markdown(markdown_of(found.outcomes, found.recommendation)))
    console.print(f"Written to {home}", highlight=False, markup=False, soft_wrap=True)
