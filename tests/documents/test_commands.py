"""No command that a document shows escapes the tests that run them."""

import re
import shlex
from pathlib import Path

import click
import pytest

from mlops_platform.cli import main
from mlops_platform.settings import PROJECT_ROOT
from tests.documents import blocks
from tests.documents.blocks import (
    COMMAND,
    LANGUAGES,
    PAGES,
    Shown,
    all_commands,
    commands_of,
    fences_of,
    name_of,
)
from tests.documents.not_run import NOT_RUN

INLINE = re.compile(r"(?<!`)`(?:\.venv/bin/)?mlops ([a-z][^`\n]*)`(?!`)")
TRANSCRIPTS = "docs/reference/commands.md"
"""Shows how commands are written, not commands."""


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_command_stands_where_it_is_run(page: Path) -> None:
    for language, line, text in fences_of(page):
        assert language in LANGUAGES, f"{name_of(page)}, line {line}: a fence of which language?"
        if language == "text" and name_of(page) != TRANSCRIPTS:
            assert not COMMAND.search(text), f"{name_of(page)}, line {line}: a command in `text`"


def test_what_is_not_run_is_shown_and_tested_elsewhere() -> None:
    shown = {command.plain for command in all_commands()}
    assert sorted(NOT_RUN.keys() - shown) == []
    for elsewhere in NOT_RUN.values():
        place = PROJECT_ROOT / elsewhere.file
        assert elsewhere.holds in place.read_text(encoding="utf-8"), elsewhere


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_mlops_is_one(page: Path) -> None:
    """Its name and its options, wherever it stands in a sentence or in a block."""
    assert [fault for words in _written(page) if (fault := _fault(words))] == []


def _written(page: Path) -> list[list[str]]:
    inline = INLINE.findall(page.read_text(encoding="utf-8"))
    words = [shlex.split(text.replace("...", "x").replace("'", "")) for text in inline]
    blocks = [command.words for command in commands_of(page)]
    return [*words, *(block[1:] for block in blocks if block[0] == "mlops")]


def _fault(words: list[str]) -> str | None:
    """What `mlops` does not know of these words: the command, or an option of it."""
    group, rest = main, words
    while True:
        name, *rest = rest
        command = group.get_command(click.Context(group), name)
        if command is None:
            return f"no command {name!r} in {words}"
        if not isinstance(command, click.Group) or not rest or rest[0] not in command.commands:
            break
        group = command
    if isinstance(command, click.Group):  # it lists where no command of it is named
        command = command.commands["list"]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    unknown = {word.partition("=")[0] for word in rest if word.startswith("-")} - options
    return f"no option {sorted(unknown)} of {words}" if unknown else None


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["train", "flight_delay"], None),
        (["incidents", "ack", "x", "--reason", "x"], None),
        (["incidents", "--all"], None),
        (["trian", "flight_delay"], "no command 'trian'"),
        (["train", "flight_delay", "--gpu"], "no option ['--gpu']"),
    ],
)
def test_a_misspelt_command_is_found(words: list[str], fault: str | None) -> None:
    found = _fault(words)
    assert found is None if fault is None else fault in str(found)


def test_a_block_is_read_as_a_shell_reads_it() -> None:
    block = 'a --b \\\n  "c\nd"   # why\n# nothing\n\ne\n'
    commands = list(blocks._commands("docs/x.md", 7, block))
    assert commands == [
        Shown("docs/x.md", 7, 'a --b \\\n"c\nd"   # why'),
        Shown("docs/x.md", 12, "e"),
    ]
    assert commands[0].words == ["a", "--b", "c\nd"]
    assert commands[0].plain == 'a --b "c d"'
    with pytest.raises(AssertionError, match="no whole command"):
        list(blocks._commands("docs/x.md", 1, "a 'b\n"))
