"""`mlops backtest`: what every retraining policy of a model would have been worth."""

import click

from mlops_platform.cli.console import answer, console, json_option, say
from mlops_platform.spec import refuse_without_event_time
from mlops_platform.usecases.deployment import open_deployment


@click.command()
@click.argument("model")
@json_option
def command(model: str, as_json: bool) -> None:
    """Replay the past under every retraining policy, and recommend one.

    The first call fits the model once per window and history; later ones fit what is new.
    """
    from rich.markdown import Markdown

    from mlops_platform.components.models import declared_spec
    from mlops_platform.monitoring.policy.backtest.report import markdown_of
    from mlops_platform.usecases.backtest.replay import backtest_policies
    from mlops_platform.usecases.backtest.report import keep_backtest

    spec = declared_spec(model)
    refuse_without_event_time(spec, "A backtest replays the past")
    deployment = open_deployment()
    backtest = backtest_policies(deployment, spec, console.print)
    keep_backtest(deployment, backtest)
    place = deployment.settings.backtest(model)
    if as_json:
        answer({"written_to": str(place), "backtest": backtest.model_dump(mode="json")})
        return
    console.print(Markdown(markdown_of(backtest.outcomes, backtest.recommendation)))
    say(f"Written to {place}")
