"""Commands that documents show: every ```sh block of README and `docs/`, command by command."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.settings import PROJECT_ROOT

TUTORIAL = "docs/tutorial/README.md"
PAGES = [
    PROJECT_ROOT / "README.md",
    PROJECT_ROOT / "CONTRIBUTING.md",
    *sorted((PROJECT_ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
COMMENT = re.compile(r" {2,}# .*")
LANGUAGES = {"sh", "yaml", "sql", "text", "python", "json"}
"""Of fences; a command stands in `sh`, or no test runs it."""
COMMAND = re.compile(r"^\s*(\$ )?(\S*/)?(mlops|make|dg|bentoml|curl|docker) ", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """One command, as it is read, and where."""

    page: str
    line: int
    text: str

    @property
    def plain(self) -> str:
        """On one line, without its comment."""
        return " ".join(COMMENT.sub("", self.text.replace("\\\n", " ")).split())

    @property
    def words(self) -> list[str]:
        """As a shell takes it, without the folder of the environment."""
        words = shlex.split(self.text.replace("\\\n", " "), comments=True)
        return [word.removeprefix(".venv/bin/") for word in words]


def name_of(page: Path) -> str:
    """A page by its path in the project."""
    return page.relative_to(PROJECT_ROOT).as_posix()


def fences_of(page: Path) -> Iterator[tuple[str, int, str]]:
    """Language, first line and text of every fenced block."""
    text = page.read_text(encoding="utf-8")
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start("text")) + 1
        yield fence["language"].strip(), line, fence["text"]


def commands_of(page: Path) -> Iterator[Shown]:
    """Every command of a page, in order.

    Raises:
        AssertionError: the last lines of a block are no whole command.
    """
    for language, first, text in fences_of(page):
        if language == "sh":
            yield from _commands(name_of(page), first, text)


def _commands(page: str, first: int, text: str) -> Iterator[Shown]:
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), first):
        lines.append(line.strip())
        if not lines[-1].endswith("\\") and _is_whole(written := "\n".join(lines)):
            if shlex.split(written, comments=True):
                yield Shown(page, number - len(lines) + 1, written)
            lines = []
    assert not lines, f"{page}: {lines} is no whole command"


def _is_whole(written: str) -> bool:
    try:
        shlex.split(written, comments=True)
    except ValueError:  # a quote that is open
        return False
    return True


def all_commands() -> list[Shown]:
    """Every command of every page."""
    return [shown for page in PAGES for shown in commands_of(page)]
