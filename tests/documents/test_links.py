"""What the documents link to is there."""

import re
from pathlib import Path

import pytest

from mlops_platform.settings import PROJECT_ROOT

DOCUMENTS = [
    *PROJECT_ROOT.glob("*.md"),
    *(PROJECT_ROOT / "docs").rglob("*.md"),
    *(PROJECT_ROOT / "benchmarks").rglob("*.md"),
]
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")

TEST = re.compile(r"`(tests/[\w/]+(?:\.py)?)`")


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(PROJECT_ROOT).as_posix()
)
def test_what_a_document_links_to_is_there(document: Path) -> None:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_tests_that_documents_name_are_there() -> None:
    named = {
        (test, document)
        for document in DOCUMENTS
        for test in TEST.findall(document.read_text(encoding="utf-8"))
    }
    assert named
    missing = [(test, where) for test, where in named if not (PROJECT_ROOT / test).exists()]
    assert missing == []


def test_documents_have_links() -> None:
    assert sum(len(LINK.findall(path.read_text(encoding="utf-8"))) for path in DOCUMENTS) > 50
