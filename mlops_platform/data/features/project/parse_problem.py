"""What dbt says of a project that does not parse, as one sentence with file and line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlops_platform.errors import DataError

_FILE = re.compile(r"[\w./-]+\.(?:sql|yml|yaml|csv|md|py)\b")
_LINE = re.compile(r"\bline (\d+)")
_NAME = re.compile(r"'(?:[\w]+\.)*(\w+)'")
_RULER = re.compile(r"^-{5,}$")
_HEADING = re.compile(r"^(?:\w+ )+Error(?: in .*\))?$")
_POSITION = re.compile(r'^in "<unicode string>", line \d+')
_FOLDERS = ("", "models", "macros", "tests", "seeds", "snapshots")
MOST = 500
"""Characters of what is quoted."""


@dataclass(frozen=True)
class ParseProblem:
    """Where a project does not parse, and why.

    Args:
        file: path within the project; None where dbt names none.
    """

    file: str | None
    line: int | None
    reason: str


class ProjectError(DataError):
    """A dbt project does not parse."""

    def __init__(self, folder: Path, problem: ParseProblem) -> None:
        self.problem = problem
        place = folder if problem.file is None else folder / problem.file
        line = f":{problem.line}" if problem.line else ""
        super().__init__(f"{place}{line}: the dbt project does not parse. {problem.reason}")


def parse_problem(message: str, folder: Path) -> ParseProblem:
    """Read what dbt says.

    Args:
        message: of the exception that it parses with.
        folder: of the project.
    """
    files = list(dict.fromkeys(_files(message, folder)))
    file = files[-1] if files else None
    line = _LINE.search(message)
    number = int(line.group(1)) if line else _line_that_names(message, folder, file)
    return ParseProblem(file, number, _reason(message))


def _files(message: str, folder: Path) -> Iterator[str]:
    """Those of the project that a message names."""
    for name in _FILE.findall(message):
        for parent in _FOLDERS:
            if (folder / parent / name).is_file():
                yield (Path(parent) / name).as_posix()
                break


def _line_that_names(message: str, folder: Path, file: str | None) -> int | None:
    """The first line of the file that has the last name the message quotes; dbt tells none."""
    names = _NAME.findall(message)
    if file is None or not names:
        return None
    word = re.compile(rf"\b{re.escape(names[-1])}\b")
    lines = (folder / file).read_text(encoding="utf-8", errors="replace").splitlines()
    return next((at for at, text in enumerate(lines, start=1) if word.search(text)), None)


def _reason(message: str) -> str:
    """The message without its heading and the excerpt of the file."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if "Raw Error:" in lines:
        raw = lines[lines.index("Raw Error:") + 1 :]
        lines = [line for line in raw if not _RULER.match(line) and not _POSITION.match(line)]
    else:
        lines = [line for line in _without_excerpt(lines) if not _HEADING.match(line)]
    text = " ".join(lines)
    text = text if len(text) <= MOST else f"{text[:MOST]} ..."
    return f"dbt says: {text}"


def _without_excerpt(lines: list[str]) -> Iterator[str]:
    """What stands below `line 7` is that line, with all of its templates."""
    for line in lines:
        if re.fullmatch(r"line \d+", line):
            return
        yield line
