"""An undo restores byte for byte what was, and never what somebody has edited since."""

from pathlib import Path

import pytest

from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import removals
from mlops_platform.usecases.scaffold.journal.undoing import (
    edited_since,
    newest_entry,
    undo,
    undone,
)
from mlops_platform.usecases.scaffold.journal.writing import restore, write_files
from tests.usecases.scaffold.journal.conftest import FILES, FOREIGN, Plan, tree


@pytest.fixture
def written(journal: Journal, plan: Plan, entry: JournalEntry) -> JournalEntry:
    noted = write_files(journal, plan(), entry)
    assert noted is not None
    return noted


def test_everything_is_as_it_was(journal: Journal, plan: Plan, entry: JournalEntry) -> None:
    before = tree(journal.root)
    changed = [*plan(), *removals(journal, [FOREIGN.parent.parent])]
    noted = write_files(journal, changed, entry)
    assert noted is not None
    assert tree(journal.root) != before
    undo(journal, noted)
    assert tree(journal.root) == before


def test_a_changed_file_is_what_it_was_before_the_change(
    journal: Journal, plan: Plan, written: JournalEntry
) -> None:
    before = tree(journal.root)
    wider = {path: text + "more\n" for path, text in FILES.items()}
    noted = write_files(journal, plan(wider, written), written)
    assert noted is not None
    undo(journal, noted)
    assert tree(journal.root) == before


def test_a_model_that_was_made_earlier_stays_declared(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    declared = Path("mlops_platform/defs/orders/late_orders/defs.yaml")
    for text in ("name: late_orders\n", "name: late_orders # anew\n"):
        write_files(journal, plan({declared: text}, entry, {}), entry)
    sentences = []
    for _ in range(2):
        newest = newest_entry(journal)
        undo(journal, newest)
        sentences.append(undone(journal, newest, "1 file"))
    assert sentences == [
        "The newest change of late_orders is undone (1 file); the model stays declared.",
        "Undone: the model late_orders, 1 file.",
    ]


def test_an_edited_file_is_named_and_kept(journal: Journal, written: JournalEntry) -> None:
    edited = next(iter(FILES))
    (journal.root / edited).write_text("table: orders # mine\n")
    before = tree(journal.root)
    with pytest.raises(DataError, match=f"{edited} was edited since"):
        undo(journal, written)
    assert tree(journal.root) == before
    undo(journal, written, force=True)
    assert not (journal.root / edited).exists()


def test_a_removed_file_that_somebody_made_anew_is_kept(
    journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, removals(journal, [FOREIGN.parent]), entry)
    assert noted is not None
    (journal.root / FOREIGN).parent.mkdir(parents=True)
    (journal.root / FOREIGN).write_text("mine")
    assert edited_since(journal, noted) == [FOREIGN.as_posix()]


def test_a_file_that_somebody_has_removed_is_edited(
    journal: Journal, written: JournalEntry
) -> None:
    # What is gone is also what was before: then there is nothing to lose.
    (journal.root / next(iter(FILES))).unlink()
    assert edited_since(journal, written) == []


def test_an_undo_that_was_cut_short_is_finished_by_another(
    journal: Journal, written: JournalEntry
) -> None:
    restore(journal.root, written.files[0])
    undo(journal, newest_entry(journal))
    assert journal.entries() == []
    assert not any((journal.root / path).exists() for path in FILES)


def test_files_beside_those_that_were_written_stay(journal: Journal, written: JournalEntry) -> None:
    own = (journal.root / next(iter(FILES))).with_name("notes.md")
    own.write_text("mine")
    undo(journal, written)
    assert own.read_text() == "mine"


def test_the_newest_is_undone_first(journal: Journal, plan: Plan, written: JournalEntry) -> None:
    other = {Path("mlops_platform/defs/shops/landing_shops/defs.yaml"): "table: shops\n"}
    write_files(journal, plan(other), JournalEntry(number=1, domain="shops"))
    assert newest_entry(journal).domain == "shops"
    assert newest_entry(journal, "orders") == written


def test_where_nothing_was_done_there_is_nothing_to_undo(
    journal: Journal, written: JournalEntry
) -> None:
    with pytest.raises(DataError, match=r"nothing in the domain 'shops' .* undo: orders"):
        newest_entry(journal, "shops")
    undo(journal, written)
    with pytest.raises(DataError, match="nothing in this project"):
        newest_entry(journal)
