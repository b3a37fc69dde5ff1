"""Mistake: one line about one thing that is declared wrongly."""

from collections.abc import Iterable
from pathlib import Path

from mlops_platform.record import Record
from mlops_platform.settings import PROJECT_ROOT

MOST = 120
"""Characters of a value that is shown."""


class Mistake(Record):
    """Where it is, what is wrong and how it is mended.

    Args:
        file: below the working folder of a person, relative to the project where it is in it.
        line: None where nothing says which.
        field: dotted path in the YAML; None where it is of the whole file.
        value: what stands there, as text; None where that says nothing.
    """

    file: str
    line: int | None = None
    field: str | None = None
    value: str | None = None
    problem: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        said = [place, *([self.field] if self.field else [])]
        problem = f"{self.value} is not usable. {self.problem}" if self.value else self.problem
        return " ".join(": ".join([*said, problem]).split())


def shown_value(value: object) -> str:
    """A value as a mistake shows it: whole sections are not repeated."""
    text = repr(value)
    return text if len(text) <= MOST else f"{text[:MOST]}..."


def shown_file(file: Path, root: Path = PROJECT_ROOT) -> str:
    """A file as a person opens it from the project's folder."""
    return str(file.relative_to(root)) if file.is_relative_to(root) else str(file)


def in_order(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """By file and line, each once."""
    distinct = dict.fromkeys(mistakes)
    return sorted(distinct, key=lambda mistake: (mistake.file, mistake.line or 0))
