"""A plan says what would become of each file, and leaves what others have made."""

from pathlib import Path

from mlops_platform.errors import SpecError
from mlops_platform.usecases.scaffold.choices import Choices
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.planning import PlannedFile, planned_files
from mlops_platform.usecases.scaffold.journal.writing import write_files
from tests.usecases.scaffold.journal.conftest import FILES, FOREIGN, Plan

YAML, SQL = FILES
WIDER = {**FILES, SQL: "select 1, 2\nfrom orders\n"}


def _changes(plan: list[PlannedFile]) -> dict[str, str]:
    return {Path(file.path).name: file.change for file in plan}


def test_everything_is_new_at_first(plan: Plan) -> None:
    assert _changes(plan()) == {"defs.yaml": "new", "stg_orders.sql": "new"}


def test_what_was_written_may_change(plan: Plan, journal: Journal, entry: JournalEntry) -> None:
    noted = write_files(journal, plan(), entry)
    assert _changes(plan(WIDER, noted)) == {"defs.yaml": "same", "stg_orders.sql": "changed"}


def test_what_is_written_otherwise_by_a_newer_platform_alone_stays(
    plan: Plan, journal: Journal, entry: JournalEntry, other: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    for previous in (noted, other):
        changes = _changes(plan(WIDER, previous, WIDER))
        assert changes == {"defs.yaml": "same", "stg_orders.sql": "same"}


def test_lines_to_add_are_those_of_the_choices_and_not_of_a_newer_platform(
    plan: Plan, journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    (journal.root / SQL).write_text("select 1 as mine\nfrom orders\n")
    restyled = {**FILES, SQL: "SELECT 1\nFROM orders\n"}
    wanted = {**FILES, SQL: "SELECT 1\nFROM orders\nWHERE true\n"}
    [_, edited] = plan(wanted, noted, restyled)
    assert edited.lines_to_add() == ["WHERE true"]


def test_choices_that_are_no_longer_accepted_are_compared_by_what_is_there(
    journal: Journal, plan: Plan, entry: JournalEntry
) -> None:
    def refuse(choices: Choices) -> dict[Path, str]:
        raise SpecError("label", choices.label, "Not today.")

    noted = write_files(journal, plan(), entry)
    planned = planned_files(journal, WIDER, noted, refuse)
    assert _changes(planned) == {"defs.yaml": "same", "stg_orders.sql": "changed"}


def test_what_was_edited_is_left_and_its_new_lines_are_told(
    plan: Plan, journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    (journal.root / SQL).write_text("select 1 as mine\nfrom orders\n")
    [_, edited] = plan(WIDER, noted)
    assert edited.change == "edited"
    assert not edited.is_written
    assert edited.lines_to_add() == ["select 1, 2"]
    assert edited.missed_change() == [
        "@@ -1,2 +1,2 @@",
        "-select 1",
        "+select 1, 2",
        " from orders",
    ]
    assert write_files(journal, [edited], entry) is None


def test_lines_that_somebody_has_added_already_are_not_told_again(
    plan: Plan, journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    (journal.root / SQL).write_text("-- mine\nselect 1, 2\nfrom orders\n")
    [_, edited] = plan(WIDER, noted)
    assert edited.change == "edited"
    assert edited.lines_to_add() == []


def test_what_was_written_for_another_model_is_left(
    plan: Plan, journal: Journal, entry: JournalEntry, other: JournalEntry
) -> None:
    write_files(journal, plan(), entry)
    noted = write_files(journal, plan({Path("b.sql"): "y\n"}), other)
    for previous in (None, noted):
        [same, shared] = plan(WIDER, previous)[:2]
        assert (same.change, shared.change) == ("same", "shared")
        assert shared.lines_to_add() == ["select 1, 2"]


def test_what_somebody_else_has_made_is_foreign(plan: Plan) -> None:
    assert _changes(plan({FOREIGN: "other\n"})) == {"defs.yaml": "foreign"}


def test_a_file_that_is_not_wanted_any_more_is_removed_unless_edited(
    plan: Plan, journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    fewer = {YAML: FILES[YAML]}
    assert _changes(plan(fewer, noted)) == {"defs.yaml": "same", "stg_orders.sql": "removed"}
    (journal.root / SQL).write_text("mine")
    assert _changes(plan(fewer, noted)) == {"defs.yaml": "same", "stg_orders.sql": "edited"}
    (journal.root / SQL).unlink()
    assert _changes(plan(fewer, noted)) == {"defs.yaml": "same"}


def test_a_diff_names_the_file_and_its_lines(
    plan: Plan, journal: Journal, entry: JournalEntry
) -> None:
    noted = write_files(journal, plan(), entry)
    [_, changed] = plan(WIDER, noted)
    assert changed.diff()[:2] == [f"--- {SQL}", f"+++ {SQL}"]
    assert "+select 1, 2" in changed.diff()
    [new, _] = plan({Path("a.sql"): "x\n", **FILES}, noted)[:2]
    assert new.diff()[:2] == ["--- /dev/null", "+++ a.sql"]
