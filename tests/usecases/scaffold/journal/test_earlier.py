"""What was made of the same data, and of which models the outcomes count."""

from pathlib import Path

from mlops_platform.usecases.scaffold.choices import FileSourceChoice
from mlops_platform.usecases.scaffold.journal.earlier import earlier_entries
from mlops_platform.usecases.scaffold.journal.entry import JournalEntry
from mlops_platform.usecases.scaffold.journal.journal import Journal
from mlops_platform.usecases.scaffold.journal.writing import write_files
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from tests.usecases.scaffold.journal.conftest import Plan

SOURCE = FileSourceChoice(folder="/data", pattern="orders.csv")


def test_outcomes_are_those_of_models_that_were_there_before(
    journal: Journal, plan: Plan, entry: JournalEntry, other: JournalEntry
) -> None:
    for number, made in enumerate((entry, other, entry), 1):
        write_files(journal, plan({Path(f"dbt_project/{number}.sql"): "select 1\n"}), made)
    for name, others in (
        ("late_orders", []),
        ("early_orders", ["late_orders"]),
        ("new", ["late_orders", "early_orders", "late_orders"]),
    ):
        for domain in (None, "orders"):
            earlier = earlier_entries(journal, SOURCE, Answers(name=name, domain=domain))
            assert [before.model for before in earlier.others] == others
    landed = {
        name: earlier_entries(journal, SOURCE, Answers(name=name)).landed
        for name in ("late_orders", "early_orders", "new")
    }
    assert landed["late_orders"] is None
    assert landed["early_orders"] is not None
    assert landed["early_orders"] == landed["new"]
    of_new_domain = earlier_entries(journal, SOURCE, Answers(name="new", domain="shop"))
    assert of_new_domain.any is None
    assert of_new_domain.landed is None
    assert len(of_new_domain.others) == 3
