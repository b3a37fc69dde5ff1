"""What troubleshooting quotes is what the program says."""

import re

from mlops_platform.settings import PROJECT_ROOT
from tests.documents.sentences import HOLE, sentences

DOCUMENT = PROJECT_ROOT / "docs" / "troubleshooting.md"
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)
QUOTED = ROW.findall(DOCUMENT.read_text(encoding="utf-8"))


def test_the_program_says_what_is_quoted() -> None:
    assert [words for words in QUOTED if words not in sentences()] == []


def test_every_row_quotes_something() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "what it" not in line]
    assert len(QUOTED) == len(rows) > 25


def test_a_text_is_not_read_over_what_is_filled_in() -> None:
    assert HOLE in sentences()
    assert "no sentence of this program" not in sentences()
