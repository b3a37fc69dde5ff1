"""Whether what is named as a cure could be typed: commands and options that there are."""

import re
import shlex
import shutil
from pathlib import Path

import click

from mlops_platform.cli import main
from mlops_platform.usecases.diagnosis.fault import Fault

ASSIGNMENT = re.compile(r"\w+=.*")


def require_typeable(fault: Fault, folder: Path) -> None:
    """Refuse a cure that is no command, or one with options or arguments that there are not.

    Args:
        folder: stands for what a person fills in.
    """
    if fault.severity == "information" and fault.cure.startswith("none"):
        return
    commands, _, _ = fault.cure.partition("   # ")
    for command in re.split(r" && |; ", commands):
        words = [word.replace("BACKUP", str(folder)) for word in shlex.split(command)]
        while ASSIGNMENT.fullmatch(words[0]):
            words.pop(0)
        program, *arguments = words
        if program == "mlops":
            _parse(main, arguments)
        else:
            assert program == "dg" or shutil.which(program), fault
        if program == "dg":
            assert arguments[0] == "launch", fault
            assert arguments[1] in ("--assets", "--job"), fault


def _parse(command: click.Command, words: list[str]) -> None:
    """As click does when it is called, without calling it."""
    context = click.Context(command)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None, words
        command, context = found, click.Context(found, parent=context, info_name=name)
    command.make_context(context.info_name, list(words), parent=context.parent)
