"""Questions to a person at a terminal."""

from click.testing import CliRunner

from mlops_platform.cli.project.questions import ask_clock_change
from mlops_platform.data.profiling.expressions.clock_changes import ClockChanges
from mlops_platform.data.profiling.profile import TableProfile
from mlops_platform.usecases.scaffold.choices import FileSourceChoice
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from mlops_platform.usecases.scaffold.proposing.draft import Draft

CHANGES = (ClockChanges(column="at", rows=9, example="02:14 does not exist"),)
DRAFT = Draft(
    profile=TableProfile(source="orders.csv", rows=1, columns=()),
    source=FileSourceChoice(folder="/data", pattern="orders.csv"),
    source_name="orders.csv",
    answers=Answers(),
    clock_changes=CHANGES,
)


def asked(draft: Draft, typed: str) -> tuple[str | None, str]:
    with CliRunner().isolation(input=typed) as (output, *_):
        answer = ask_clock_change(draft).answers.clock_change
        return answer, output.getvalue().decode()


def test_changed_hours_are_read_as_is_said() -> None:
    assert asked(DRAFT, "\n")[0] == "earlier"
    assert asked(DRAFT, "2\n")[0] == "later"
    answer, shown = asked(DRAFT, "refuse\nlater\n")
    assert answer == "later"
    assert "earlier or later" in shown


def test_nothing_is_asked_that_was_said_or_need_not_be_known() -> None:
    said = DRAFT.with_answers(Answers(clock_change="later"))
    assert asked(said, "") == ("later", "")
    without = Draft(DRAFT.profile, DRAFT.source, DRAFT.source_name, Answers())
    assert asked(without, "") == (None, "")
