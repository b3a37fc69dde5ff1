"""Times of which no value tells how they are written: needed, said, or as they land already."""

from collections.abc import Callable, Iterator

import pytest

from mlops_platform.data.profiling.scan import scan_files
from mlops_platform.data.profiling.scanned_table import ScannedTable
from mlops_platform.errors import DataError
from mlops_platform.usecases.scaffold.choices import FileSourceChoice
from mlops_platform.usecases.scaffold.proposing.answers import Answers
from mlops_platform.usecases.scaffold.proposing.draft import Draft
from mlops_platform.usecases.scaffold.proposing.time_formats import (
    require_time_formats,
    with_formats_before,
)
from tests.usecases.scaffold.proposing.conftest import Propose

Drafted = Callable[..., Draft]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScannedTable]:
    """Rows whose times could have the day or the month first."""
    rows = [
        f"{n},{1 + n % 12}/{1 + n // 12 % 12}/2024,2024-01-{1 + n % 28:02},{n % 7}"
        for n in range(300)
    ]
    file = tmp_path_factory.mktemp("early") / "table.csv"
    file.write_text("\n".join(["id,ordered_at,tag,x", *rows]) + "\n")
    with scan_files([file]) as scanned:
        yield scanned


@pytest.mark.parametrize(
    "answers",
    [{"time": "ordered_at"}, {"known_at": "ordered_at"}, {"label": "ordered_at = '1/1/2024'"}],
)
def test_what_a_model_is_made_of_is_never_guessed(
    draft: Drafted, table: ScannedTable, answers: dict[str, str]
) -> None:
    said = draft(table, **{"label": "x > 3", "known_at": "tag", **answers})
    with pytest.raises(DataError, match=r"ordered_at=%d/%m/%Y'; or leave .* --drop 'ordered_at'"):
        require_time_formats(said)


def test_what_it_is_not_made_of_is_text(draft: Drafted, table: ScannedTable) -> None:
    require_time_formats(draft(table, label="x > 3", known_at="tag", time="tag"))


def test_the_only_time_of_a_table_is_asked_for_unless_it_has_none(
    draft: Drafted, table: ScannedTable
) -> None:
    columns = tuple(column for column in table.profile.columns if column.name != "tag")
    table_ = table.profile.model_copy(update={"columns": columns, "times": ()})
    said = draft(table, label="x > 3", known_at="landing")
    lone = Draft(table_, said.source, said.source_name, said.answers)
    with pytest.raises(DataError, match="ordered_at"):
        require_time_formats(lone)
    for answer in ({"time": "none"}, {"drop": ("ordered_at",)}):
        require_time_formats(lone.with_answers(said.answers.model_copy(update=answer)))


def test_a_format_in_which_data_land_already_is_that_of_another_model(
    propose: Propose, table: ScannedTable
) -> None:
    before = propose()
    [column, *others] = [c for c in before.columns if c.name == "ordered_at"]
    landed = column.model_copy(update={"time_format": "%d/%m/%Y"})
    before = before.model_copy(update={"columns": (landed, *others)})
    said = with_formats_before(Answers(), before, table.profile)
    assert said.time_format == ("ordered_at=%d/%m/%Y",)
    other = Answers(time_format=("ordered_at=%m/%d/%Y",))
    assert with_formats_before(other, before, table.profile) == other


def test_the_century_in_which_data_land_already_stays(
    propose: Propose, table: ScannedTable
) -> None:
    assert table.profile.dialect is not None
    dialect = table.profile.dialect.model_copy(update={"two_digit_century_start": 1930})
    source = FileSourceChoice(folder="/data", pattern="orders.csv", dialect=dialect)
    before = propose().model_copy(update={"source": source})
    assert with_formats_before(Answers(), before, table.profile).century_start == 1930
    said = Answers(century_start=1950)
    assert with_formats_before(said, before, table.profile).century_start == 1950
