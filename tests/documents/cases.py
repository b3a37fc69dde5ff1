"""Cases that `docs/refusals.md` shows and that tests run: neither can go without the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from mlops_platform.settings import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "refusals.md"
HEADER = "| what comes in | it was | it is now | what one reads |\n|---|---|---|---|"


@dataclass(frozen=True)
class Case:
    """One row of the document.

    Args:
        given: what comes in; names the test.
        was: what became of it before.
        now: what becomes of it.
        reads: words of the error, the log or the page, as they are in a test of this case.
    """

    given: str
    was: str
    now: str
    reads: str

    @property
    def row(self) -> str:
        """The row as Markdown."""
        cells = (self.given, self.was, self.now, f"`{self.reads}`" if self.reads else "")
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def documented(section: str) -> str:
    """The text below a heading of the document."""
    _, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"\n## {section}\n")
    return rest.partition("\n## ")[0].strip()


def table_of(cases: Sequence[Case]) -> str:
    """What the document has to show of some cases."""
    return "\n".join([HEADER, *(case.row for case in cases)])


def refuse_undocumented(section: str, cases: Sequence[Case]) -> None:
    """Fail where a section of the document does not show exactly these cases."""
    assert table_of(cases) in documented(section).split("\n\n"), (
        f"docs/refusals.md, section {section}, must show this table, and no row more:\n"
        f"{table_of(cases)}"
    )
