"""Proposal: a task that fits a label, and what a model of it starts with."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from mlops_platform.record import Record, left_out_where_empty


class LabelFacts(Record):
    """What the outcomes of a table are like, before it is said what kind of outcome they are.

    Args:
        expression: SQL of the outcome over landed columns.
        type: DuckDB type of that expression.
        rows: in which it is not NULL.
        distinct: values, approximately where there are many.
        values: all of them as text, the rarest first, where they are few; else none.
        value_rows: how many rows have each of these.
        positives: rows of the rarest value, where there are two.
        low_quantile, median, high_quantile: at 10, 50 and 90 %, of numbers.
        deviation: standard deviation, of numbers.
    """

    expression: str
    type: str
    rows: int
    distinct: int
    values: tuple[str, ...] = ()
    value_rows: tuple[int, ...] = Field(default=(), exclude_if=left_out_where_empty)
    positives: int | None = None
    low_quantile: float | None = None
    median: float | None = None
    high_quantile: float | None = None
    deviation: float | None = None


class Inputs(Record):
    """What a model of a new table reads.

    Args:
        rows: of the table.
        numeric, categorical, boolean, text: its features by kind.
    """

    rows: int
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    boolean: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


class Proposal(Record):
    """A task that would fit.

    Args:
        task: the section `task` of the YAML.
        label: SQL of the outcome as this task needs it, over landed columns.
        label_type: SQL type in which the label table publishes it.
        reason: why this task, in one sentence.
        reasons: why, by the dotted path of the YAML that it explains.
    """

    task: dict[str, Any]
    label: str
    label_type: str
    reason: str
    reasons: dict[str, str] = Field(default={})


class Start(Record):
    """Sections of a model's YAML that depend on its task.

    Args:
        sections: by the dotted path at which each belongs.
        reasons: why, by the dotted path of the YAML that it explains.
    """

    sections: dict[str, Any]
    reasons: dict[str, str] = Field(default={})


class Starter(ABC):
    """What one kind of task says of a label and a table that it has never seen."""

    @abstractmethod
    def propose(self, label: LabelFacts) -> Proposal | None:
        """The task of this kind that fits a label; None where none does."""

    @abstractmethod
    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """Candidates, and what gate, monitoring and retraining need to be told.

        Raises:
            SpecError: something of the label has to be known for it.
        """
