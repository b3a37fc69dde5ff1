"""The rows that a question is judged by: a sample with its outcomes, in the order of their time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from mlops_platform.data.engine import identifier
from mlops_platform.data.profiling.profile import ColumnProfile
from mlops_platform.data.profiling.scanned_table import ROW_NUMBER, ScannedTable
from mlops_platform.tasks import Task, TaskSpec
from mlops_platform.usecases.leakage.question import Question

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

    from mlops_platform.tasks.predictions import Targets

MOST_ROWS: Final = 100_000
LABEL, TIME, KNOWN, PLACE = "label__", "time__", "known__", "place__"
LATER_SHARE: Final = 0.3
"""Of the rows, the latest: what they show was not known when the others were fitted."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """A sample of a table, looked at by a question.

    Args:
        frame: admissible and time columns by their output names, beside `LABEL`, `TIME` and
            `KNOWN` (seconds) and `PLACE` (of the row in its files), in the order of time, or of a
            hash where rows have none.
        columns: that could become features.
        times: columns of moments and days beside the time of the question.
    """

    task: Task
    question: Question
    frame: DataFrame
    columns: tuple[ColumnProfile, ...]
    times: tuple[ColumnProfile, ...]

    @cached_property
    def labelled(self) -> DataFrame:
        """The rows whose outcome is known."""
        return self.frame[self.frame[LABEL].notna()].reset_index(drop=True)

    @cached_property
    def targets(self) -> Targets:
        """Their outcomes."""
        return self.task.targets(self.labelled[LABEL])

    @cached_property
    def first_later(self) -> int:
        """The row of `labelled` from which the later ones begin; rows of one moment stay whole."""
        rows = len(self.labelled)
        cut = round((1 - LATER_SHARE) * rows)
        if self.question.time is None or not 0 < cut < rows:
            return cut
        times = self.labelled[TIME].to_numpy()
        earliest = int((times < times[cut]).sum())
        latest = int((times <= times[cut]).sum())
        return earliest if earliest > 0 and cut - earliest <= latest - cut else latest

    @cached_property
    def is_judgeable(self) -> bool:
        """Whether both parts have outcomes that differ."""
        earlier, later = self.targets[: self.first_later], self.targets[self.first_later :]
        return self.task.refusal(earlier) is None and self.task.refusal(later) is None

    def values(self, column: ColumnProfile) -> Series[Any]:
        """Of the labelled rows; what only means that there is none is missing, too."""
        values = self.labelled[column.output]
        odd = [value.value for value in column.disguised]
        if not odd or column.kind in ("moment", "date"):
            return values
        if column.kind == "number":
            numbers = {float(text) for text in odd if _is_number(text)}
            return values.where(~values.isin(numbers))
        return values.where(~values.isin(odd))

    def numbers(self, column: ColumnProfile) -> NDArray[np.float64] | None:
        """The same as numbers with NaN; times as seconds from that of the row; None of words."""
        import numpy as np

        values = self.values(column)
        if column.kind in ("number", "boolean"):
            return values.astype(object).where(values.notna(), np.nan).to_numpy(dtype=np.float64)
        if column.kind in ("moment", "date"):
            moments = seconds(values)
            return moments if self.question.time is None else moments - self.labelled[TIME]
        return None


def seconds(values: Series[Any]) -> NDArray[np.float64]:
    """Moments as seconds since 1970, NaN where there is none."""
    import numpy as np
    import pandas as pd

    moments = pd.to_datetime(values, utc=True, errors="coerce").dt.tz_localize(None)
    numbers = moments.to_numpy(dtype="datetime64[us]").astype(np.float64) / 1e6
    numbers[moments.isna().to_numpy()] = np.nan
    return numbers


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def task_of(question: Question) -> Task:
    """The task that a question declares."""
    task: Task = TypeAdapter(TaskSpec).validate_python(question.task)
    return task


def gather(table: ScannedTable, question: Question, rows: int = MOST_ROWS) -> Evidence:
    """Read the sample that a question is judged by.

    Raises:
        DataError: an expression of the question is none of this table.
    """
    task = task_of(question)
    for asked in filter(None, (question.label, question.time, question.known_at)):
        table.require(asked)
    own = _columns_of(table, question)
    profiles = [column for column in table.profile.columns if column.output not in own]
    columns = [column for column in profiles if column.kind not in ("empty", "text")]
    wanted = {column.output: identifier(column.output) for column in columns}
    wanted[LABEL] = f"CAST(({table.expression(question.label)}) AS {task.label_type})"
    wanted[PLACE] = ROW_NUMBER
    for name, sql in ((TIME, question.time), (KNOWN, question.known_at)):
        if sql is not None:
            wanted[name] = f"epoch(CAST(({table.expression(sql)}) AS TIMESTAMPTZ))"
    frame = table.sample(wanted, rows)
    if question.time is None:
        frame = frame.sample(frac=1.0, random_state=0)
    else:
        frame = frame[frame[TIME].notna()].sort_values(TIME, kind="stable")
    return Evidence(
        task=task,
        question=question,
        frame=frame.reset_index(drop=True),
        columns=tuple(columns),
        times=tuple(column for column in columns if column.kind in ("moment", "date")),
    )


def _columns_of(table: ScannedTable, question: Question) -> set[str]:
    """What is no feature whatever it tells: label, time, entity, and what was dropped."""
    expressions = [question.label, *filter(None, (question.time,))]
    names = {name for sql in expressions for name in table.columns_in(sql)}
    return names | {*question.entity, *question.dropped}
