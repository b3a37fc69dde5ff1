"""Times that clocks take away or give twice: proposed, said, and left as another model has them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.usecases.scaffold.choices import Choices, DbtSourceChoice
from mlops_platform.usecases.scaffold.inquiry import (
    completed_choices,
    outcome_of,
    with_clock_changes,
)
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from tests.usecases.scaffold.proposing.conftest import order_rows

Drafted = Callable[..., Draft]
BERLIN = {"timezone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def at_night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScannedTable]:
    """Orders of which one was placed when no clock showed its time."""
    rows = [*order_rows(30)]
    rows[-1] = rows[-1].replace(rows[-1].split(",")[1], "2024-03-31 02:14:19")
    file = tmp_path_factory.mktemp("night") / "orders.csv"
    file.write_text("\n".join(rows) + "\n")
    with scan_files([file]) as table:
        yield table


def completed(table: ScannedTable, draft: Draft) -> tuple[Draft, Choices]:
    changed = with_clock_changes(table, draft)
    return changed, completed_choices(table, changed, outcome_of(table, changed))


def test_the_earlier_is_taken_with_its_reason(draft: Drafted, at_night: ScannedTable) -> None:
    said, choices = completed(at_night, draft(at_night, **BERLIN))
    assert [f.columns for f in said.findings if f.kind == "clock_change"] == [("ordered_at",)]
    assert choices.clock_change == "earlier"
    reason = choices.reasons["clock_change"]
    assert reason.startswith("In 600 rows 1 time of 'ordered_at' ")
    assert "`earlier` takes the first" in reason
    assert "with `refuse` nothing would land" in reason


def test_flags_say_another(draft: Drafted, at_night: ScannedTable) -> None:
    _, choices = completed(at_night, draft(at_night, clock_change="later", **BERLIN))
    assert choices.clock_change == "later"
    assert "`later` takes the second" in choices.reasons["clock_change"]
    assert choices.reasons["clock_change"].endswith("you said so.")


@pytest.mark.parametrize("answers", [{}, {**BERLIN, "time": "arrived_at"}])
def test_without_such_times_nothing_is_said(
    draft: Drafted, at_night: ScannedTable, answers: dict[str, str]
) -> None:
    answers = {"known_at": "landing", **answers}
    said, choices = completed(at_night, draft(at_night, **answers))
    assert choices.clock_change == "refuse"
    assert "clock_change" not in choices.reasons
    assert not [finding for finding in said.findings if finding.kind == "clock_change"]


def test_a_second_model_reads_them_as_the_first(draft: Drafted, at_night: ScannedTable) -> None:
    _, first = completed(at_night, draft(at_night, clock_change="later", **BERLIN))
    _, second = completed(at_night, replace(draft(at_night, label="Delay"), earlier=first))
    assert second.clock_change == "later"
    assert second.reasons["clock_change"] == first.reasons["clock_change"]


def test_what_dbt_has_does_not_land(draft: Drafted, at_night: ScannedTable) -> None:
    of_dbt = replace(draft(at_night, **BERLIN), source=DbtSourceChoice(model="orders"))
    assert with_clock_changes(at_night, of_dbt).clock_changes == ()
