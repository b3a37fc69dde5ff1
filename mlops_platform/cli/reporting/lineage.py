"""`mlops lineage`: from a column to what it landed from, and to what depends on it."""

from typing import TYPE_CHECKING

import click
from rich.markup import escape
from rich.tree import Tree

from mlops_platform.cli.console import answer, console, json_option, say
from mlops_platform.settings import DBT_PROJECT, settings

if TYPE_CHECKING:
    from mlops_platform.usecases.reporting.lineage import LineageReport, Step


@click.command()
@click.argument("asked", metavar="TABLE[.COLUMN]")
@click.option("--down", is_flag=True, help="What is made from it, in place of what it is made of.")
@json_option
def command(asked: str, down: bool, as_json: bool) -> None:
    """Show what a table or a column is made from, and which models read it.

    TABLE is a table of any layer, such as flight_features or landing/weather, or the name of a
    model. A column is followed step by step, a whole table straight to what landed. It is read from
    the SQL that dbt compiles: nothing is built. What is told is where values come from: a join or a
    filter that only chooses rows is no part of it.
    """
    from mlops_platform.components.models import declared_specs
    from mlops_platform.data.features.dbt import DbtProjectFolder
    from mlops_platform.data.lineage.kept import project_lineage
    from mlops_platform.usecases.reporting.lineage import lineage_report

    place = settings()
    project = DbtProjectFolder(DBT_PROJECT, place.warehouse, place.lake, place.dbt_target)
    with console.status("reading the SQL of the dbt project"):
        lineage = project_lineage(project)
    report = lineage_report(lineage, declared_specs(), asked, "down" if down else "up")
    if as_json:
        answer(report.model_dump(mode="json"))
    else:
        _show(report)


def _show(report: "LineageReport") -> None:
    console.print(_tree(report.tree), soft_wrap=True, highlight=False)
    models: dict[str, list[str]] = {}
    for reading in report.read_by:
        column = reading.column.rpartition(".")[2]
        told = column if reading.role == "feature" else f"{column} ({reading.role})"
        models.setdefault(reading.model, []).append(told)
    for model, columns in models.items():
        if model != report.asked:
            say(f"read by {model}: {', '.join(columns)}")
    if not models:
        say("no model reads it")
    for table, fault in report.unread.items():
        say(f"of {table} it is not known what columns are made from: {fault}")


def _tree(step: "Step") -> Tree:
    tree = Tree(escape(step.name))
    for further in step.steps:
        tree.children.append(_tree(further))
    return tree
