"""The published table of faults is that of the suite."""

from mlops_platform.settings import PROJECT_ROOT
from tests.documents.declared_faults import HEAD, Fault, declared_faults


def test_every_fault_of_the_suite_is_in_the_published_table() -> None:
    published = (PROJECT_ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    assert published.startswith(HEAD), "call `make faults`"
    rows = [line.strip("| ").split(" | ") for line in published[len(HEAD) :].splitlines()]
    assert all(len(row) == 3 and row[2] for row in rows)
    declared = list(declared_faults())  # as the table is written
    assert [Fault(*row[:2]) for row in rows] == declared, "call `make faults`"
    assert len(set(declared)) == len(declared) > 0
