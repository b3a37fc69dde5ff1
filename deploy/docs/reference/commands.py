"""Every command of `mlops`, as click knows it."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class Command:
    """One command, or one below another.

    Args:
        name: all of its words.
        options: how each is written, and what it is for.
    """

    name: str
    usage: str
    about: str
    options: tuple[tuple[str, str], ...]


def commands_of(group: click.Group, name: str) -> Iterator[Command]:
    """All commands of a group and of the groups in it, in the order of their help."""
    context = click.Context(group, info_name=name)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        if command is None or command.hidden:
            continue
        full_name = f"{name} {word}"
        yield _described(command, full_name, context)
        if isinstance(command, click.Group):
            yield from commands_of(command, full_name)


def _described(command: click.Command, name: str, parent: click.Context) -> Command:
    context = click.Context(command, info_name=name.split()[-1], parent=parent)
    records = [parameter.get_help_record(context) for parameter in command.params]
    # A bar would end a cell of a table, and escaped it would show its backslash.
    options = [(record[0].replace("|", " or "), record[1]) for record in records if record]
    about = inspect.cleandoc(command.help or "").replace("\b\n", "")
    return Command(
        name=name,
        usage=" ".join([name, *command.collect_usage_pieces(context)]),
        about=about.partition("\f")[0].strip(),
        options=tuple(options),
    )
