"""A table of the document is neither shorter nor longer than the cases that tests run."""

from pathlib import Path

import pytest

from tests.documents import cases
from tests.documents.cases import Case, refuse_undocumented, table_of

RUN = Case("a file", "lost", "lands", "")
WRITTEN = Case("a folder", "lost", "lands", "")


@pytest.fixture(autouse=True)
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "refusals.md"
    monkeypatch.setattr(cases, "DOCUMENT", file)
    return file


def test_a_section_may_have_several_tables(document: Path) -> None:
    document.write_text(f"\n## Files\n\nText.\n\n{table_of([RUN])}\n\n{table_of([WRITTEN])}\n")
    refuse_undocumented("Files", [RUN])
    refuse_undocumented("Files", [WRITTEN])


@pytest.mark.parametrize("rows", [[WRITTEN, RUN], [RUN, WRITTEN], [WRITTEN]])
def test_a_row_that_no_test_runs_is_refused(document: Path, rows: list[Case]) -> None:
    document.write_text(f"\n## Files\n\n{table_of(rows)}\n\n## Schemas\n")
    with pytest.raises(AssertionError, match="must show this table, and no row more"):
        refuse_undocumented("Files", [RUN])
