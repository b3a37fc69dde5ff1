"""Files are written all or none, whatever happens meanwhile."""

import os
import signal
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import planned_files, removals
from mlops_platform.usecases.scaffold.journal.writing import take_back_unfinished, write_files
from tests.usecases.scaffold.journal.conftest import FILES, FOREIGN, Plan, tree


def _killed_at(step: int, journal: Journal, files: Iterable[Path]) -> int:
    """Write in a process of its own that kills itself before one change of the disk; its status."""
    process = os.fork()
    if process:
        return os.waitpid(process, 0)[1]
    left = step

    def kill(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        opens = event == "open" and arguments[1] == "wb"
        if opens or event in {"os.rename", "os.remove", "os.mkdir"}:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    try:
        plan = planned_files(journal, dict.fromkeys(files, "new\n"), None, lambda _: {})
        sys.addaudithook(kill)
        write_files(journal, plan, JournalEntry(number=1, domain="orders"))
    finally:
        os._exit(0)


def test_what_is_written_is_there_and_noted(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    assert noted is not None
    assert journal.entries() == [noted]
    for path, text in FILES.items():
        assert (journal.root / path).read_text() == text
    assert {change.path for change in noted.files} == {path.as_posix() for path in FILES}
    assert noted.asked == {"label": "late"}


def test_the_same_again_is_nothing_to_do(journal: Journal, plan: Plan, entry: JournalEntry) -> None:
    noted = write_files(journal, plan(), entry)
    before = tree(journal.root)
    assert write_files(journal, plan(previous=noted), entry) is None
    assert tree(journal.root) == before


def test_numbers_count_on_over_all_domains(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    write_files(journal, plan(), entry)
    other = {Path("mlops_platform/defs/shops/landing_shops/defs.yaml"): "table: shops\n"}
    second = write_files(journal, plan(other), JournalEntry(number=1, domain="shops"))
    assert second is not None
    assert second.number == 2
    assert [found.number for found in journal.entries("shops")] == [2]


@pytest.mark.parametrize("step", range(9))
def test_a_kill_leaves_nothing_half_written(journal: Journal, step: int) -> None:
    before = tree(journal.root)
    assert os.WTERMSIG(_killed_at(step, journal, FILES)) == signal.SIGKILL
    take_back_unfinished(journal)
    after = tree(journal.root)
    files = {path: content for path, content in after.items() if content is not None}
    # A temporary of the journal itself is hidden, and nobody reads it.
    files = {path: content for path, content in files.items() if "/.init/." not in path}
    assert files == {path: content for path, content in before.items() if content is not None}


def test_an_error_while_writing_takes_everything_back(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    planned = plan()
    blocked = journal.root / "dbt_project" / "models"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder should be")
    before = tree(journal.root)
    with pytest.raises(OSError):
        write_files(journal, planned, entry)
    assert tree(journal.root) == before


def test_a_file_that_changed_since_it_was_planned_is_not_overwritten(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    planned = plan()
    path = journal.root / next(iter(FILES))
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(DataError, match="has just been changed"):
        write_files(journal, planned, entry)
    assert path.read_text() == "mine"
    assert journal.entries() == []


def test_two_that_write_at_once_wait_for_each_other(journal: Journal) -> None:
    files = [Path(f"mlops_platform/defs/orders/m{number}/defs.yaml") for number in range(2)]
    with ThreadPoolExecutor() as both:
        statuses = both.map(lambda file: _killed_at(1000, journal, [file]), files)
    assert list(statuses) == [0, 0]
    assert [found.number for found in journal.entries()] == [1, 2]


def test_folders_are_taken_out_file_by_file(journal: Journal, entry: JournalEntry) -> None:
    content = (journal.root / FOREIGN).read_bytes()
    planned = removals(journal, [FOREIGN.parent.parent, Path("not/there")])
    noted = write_files(journal, planned, entry)
    assert noted is not None
    [change] = noted.files
    assert change.sha256 is None
    assert change.before is not None
    assert change.before.content == content
    assert not (journal.root / FOREIGN).parent.parent.exists()


def test_a_file_that_is_no_entry_is_named(journal: Journal) -> None:
    broken = journal.file("orders", 1)
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    with pytest.raises(DataError, match=r"\.init/1\.json is no entry"):
        journal.entries()
    assert os.path.exists(broken)
