"""`mlops check`: every mistake of the YAML files and of the dbt project, one line each."""

from typing import TYPE_CHECKING

import click

from mlops_platform.cli.console import answer, console, counted, json_option, say

if TYPE_CHECKING:
    from mlops_platform.components.checking.check import Checked


@click.command()
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Check everything that is declared; tell every mistake with file, line and fix.

    YAML files are checked by themselves, against each other and against the dbt project, and every
    candidate is fitted on a few rows. Ends with code 1 where there is a mistake.
    """
    from mlops_platform.cli.home.setup import parsed_project
    from mlops_platform.components.checking.check import Project, check_project
    from mlops_platform.components.models import DEFS
    from mlops_platform.definitions import defs
    from mlops_platform.settings import DBT_PROJECT
    from mlops_platform.training.check import check_candidates

    with console.status("checking"):
        project = Project(DEFS, DBT_PROJECT, parsed_project, defs, check_candidates)
        checked = check_project(project)
    if as_json:
        answer(
            {
                "mistakes": [mistake.model_dump() for mistake in checked.mistakes],
                "models": [spec.name for spec in checked.models],
            }
        )
    else:
        _show(checked)
    if checked.mistakes:
        context.exit(1)


def _show(checked: "Checked") -> None:
    from mlops_platform.spec import WITHOUT_EVENT_TIME

    for mistake in checked.mistakes:
        say(str(mistake))
    for spec in checked.models:
        console.print(f"[green]✓[/] {spec.name}: every candidate fits and predicts")
        if not spec.features.has_event_time:
            say(f"  {WITHOUT_EVENT_TIME}")
    if checked.mistakes:
        files = len({mistake.file for mistake in checked.mistakes})
        say(f"{counted(len(checked.mistakes), 'mistake')} in {counted(files, 'file')}.")
