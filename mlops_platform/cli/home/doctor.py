"""`mlops doctor`: what is stuck, late or out of step, and the cure."""

import shlex
from typing import TYPE_CHECKING

import click
from rich.text import Text

from mlops_platform.cli.console import answer, console, json_option
from mlops_platform.errors import DamagedHomeError
from mlops_platform.formats.home_stamp import require_set_up
from mlops_platform.settings import settings
from mlops_platform.usecases.deployment import open_deployment

if TYPE_CHECKING:
    from mlops_platform.usecases.diagnosis.fault import Fault

COLOURS = {"error": "red", "warning": "yellow", "information": "blue"}


@click.command()
@click.option(
    "--heal",
    "heal_first",
    is_flag=True,
    help="First fail lost runs, free their pool slots and rebuild what follows the ledger.",
)
@click.option(
    "--deep",
    is_flag=True,
    help="Read every file and database of the home, and every Bento: it takes minutes.",
)
@json_option
@click.pass_context
def command(context: click.Context, heal_first: bool, deep: bool, as_json: bool) -> None:
    """Look for what is stuck, late or out of step, each with its cure.

    Changes nothing without --heal. Ends with code 1 where there is anything to cure. What cannot
    be looked at, on a full disk or in a damaged database, is told like everything else.
    """
    try:
        require_set_up(settings().home)
        faults = _faults(heal_first, deep)
    except DamagedHomeError as error:
        faults = [_of_home(error)]
    well = all(fault.severity == "information" for fault in faults)
    if as_json:
        answer({"well": well, "faults": [fault.model_dump(mode="json") for fault in faults]})
    else:
        for fault in faults:
            _show(fault)
        if well:
            console.print("[green]nothing to cure[/]")
    if not well:
        context.exit(1)


def _faults(heal_first: bool, deep: bool) -> "list[Fault]":
    from mlops_platform.cli.home.heal import heal
    from mlops_platform.components.doctor import examine
    from mlops_platform.components.instance import instance_if_reachable
    from mlops_platform.usecases.diagnosis.deep.examine import deep_faults
    from mlops_platform.usecases.diagnosis.diagnose import diagnose, worst_first
    from mlops_platform.usecases.diagnosis.fault import Fault
    from mlops_platform.usecases.diagnosis.looking import unseen

    deployment = open_deployment()
    faults = list[Fault]()
    with instance_if_reachable() as (instance, error):
        if error is not None:
            faults.append(unseen("Dagster's history", deployment.settings.home, error))
        if heal_first and instance is not None:
            heal(instance)
        facts = examine(deployment, instance)
    faults += diagnose(facts)
    if deep:
        faults += deep_faults(deployment, facts.launch)
    return worst_first(faults)


def _of_home(error: DamagedHomeError) -> "Fault":
    """Nobody knows its format, so that nothing else of it can be read."""
    from mlops_platform.usecases.diagnosis.fault import Fault
    from mlops_platform.usecases.diagnosis.looking import RESTORE

    again = f"rm {shlex.quote(str(error.file))} && mlops setup"
    return Fault(
        severity="error",
        what=str(error),
        where=str(error.file),
        cure=f"{RESTORE}   # or, where this version of the platform wrote the home: {again}",
    )


def _show(fault: "Fault") -> None:
    head = Text.assemble((fault.severity, COLOURS[fault.severity]), "  ", (fault.where, "bold"))
    # In one piece, so that a path or a command can be copied.
    console.print(head, soft_wrap=True)
    console.print(f"    {fault.what}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"    cure: {fault.cure}", markup=False, highlight=False, soft_wrap=True)
