"""Questions to a person at a terminal."""

from click.testing import CliRunner

from mlops_platform.cli.project.questions import ask_clock_change, ask_time_formats
from mlops_platform.data.profiling.expressions.clock_changes import ClockChanges
from mlops_platform.data.profiling.profile import ColumnProfile, TableProfile
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


WHEN = ColumnProfile(
    name="when",
    output="when",
    type="VARCHAR",
    kind="category",
    rows=2,
    missing=0,
    distinct=2,
    examples=("1/1/2024", "1/8/2024"),
    possible_formats=("%m/%d/%Y", "%d/%m/%Y"),
)
TIMED = TableProfile(source="orders.csv", rows=2, columns=(WHEN,))


def asked_format(answers: Answers, typed: str) -> tuple[tuple[str, ...], str]:
    with CliRunner().isolation(input=typed) as (output, *_):
        formats = ask_time_formats(answers, TIMED).time_format
        return formats, output.getvalue().decode()


def test_a_format_that_values_do_not_tell_is_asked_for() -> None:
    formats, shown = asked_format(Answers(), "2\n")
    assert formats == ("when=%d/%m/%Y",)
    assert "such as '1/8/2024', can be read as %m/%d/%Y and as %d/%m/%Y" in " ".join(shown.split())
    assert "the day is first" in shown
    formats, shown = asked_format(Answers(), "\nnobody knows\n%m/%d/%Y\n")
    assert formats == ("when=%m/%d/%Y",)
    assert "'nobody knows' is none of these" in shown


def test_a_column_may_stay_text_and_what_was_said_is_not_asked() -> None:
    assert asked_format(Answers(), "text\n")[0] == ()
    said = ("when=%d/%m/%Y",)
    assert asked_format(Answers(time_format=said), "") == (said, "")
