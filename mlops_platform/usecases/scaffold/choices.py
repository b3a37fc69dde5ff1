"""Choices: everything that the files of a new model follow from, each choice with its reason."""

from datetime import date
from typing import Any, Literal

from pydantic import Field

from mlops_platform.data.landing.files.local_times import ClockChange
from mlops_platform.data.profiling.profile import Dialect
from mlops_platform.record import Record
from mlops_platform.section import Identifier
from mlops_platform.tasks.proposals.proposal import LabelFacts

Role = Literal["feature", "sensitive", "kept", "dropped"]
"""Of a column: `kept` ones land and are no feature, `dropped` ones do not land."""


class FileSourceChoice(Record):
    """Files in a folder."""

    type: Literal["files"] = "files"
    folder: str
    pattern: str
    dialect: Dialect | None = None
    null_values: tuple[str, ...] = ("",)


class DatabaseSourceChoice(Record):
    """A table of a database.

    Args:
        url: as SQLAlchemy's, and `duckdb:///path`; of a secret the name of a variable stands there.
        relation: table or view, with its schema where it has one.
    """

    type: Literal["database"] = "database"
    url: str
    relation: str


class DbtSourceChoice(Record):
    """A model that the dbt project has already: nothing is landed.

    Args:
        day: its column with the local day of a row, by which it is built.
        is_versioned: whether its rows are versions, with `known_at` and `superseded_at`.
    """

    type: Literal["dbt_model"] = "dbt_model"
    model: str
    day: str = "local_date"
    is_versioned: bool = False


SourceChoice = FileSourceChoice | DatabaseSourceChoice | DbtSourceChoice


class ColumnChoice(Record):
    """One column of the source.

    Args:
        name: in the source.
        output: the name under which it lands.
        type: DuckDB type in which it lands.
        kind: of the feature; None where it is none.
        reason: why it has this role, as a comment of the YAML.
        is_grouped: of a sensitive one, whether its values are so few that the model is judged by
            each of them.
        missing_as: values that mean that there is none, beside NULL.
        low, high: the range that was seen, of numbers.
        time_format: how texts write its times; None where as ISO 8601 has them.
    """

    name: str
    output: Identifier
    type: str
    role: Role
    kind: Literal["numeric", "categorical", "boolean", "text"] | None = None
    reason: str = ""
    is_grouped: bool = True
    missing_as: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    missing_share: float = 0.0
    time_format: str | None = None


class RollingChoice(Record):
    """A rolling feature: a mean over the rows of one key that became known in some hours.

    Args:
        name: of the feature.
        key: output columns; none for all rows.
        hours: length of the window.
        value: SQL over landed columns whose mean it is; `outcome` is the label.
    """

    name: Identifier
    key: tuple[Identifier, ...]
    hours: int = Field(gt=0)
    value: str = "outcome"


class Choices(Record):
    """What a new model is made of. SQL expressions are over the landed (output) columns.

    Args:
        domain: name of the folders of this data; `table` by default.
        table: landed table.
        key: output columns that identify a fact of a day.
        duplicates, numbered_by: as of a landing.
        entity: output columns that together identify one prediction, over all days.
        event_time: SQL of the moment of a prediction; None where rows have none.
        time_column: source column by whose day rows land; None where rows have no time.
        timezone: IANA zone of days and of times without zone.
        clock_change: how a landing reads a time without zone that does not exist, or exists twice.
        first_day, last_day: that have rows; without time the first day is that of the first
            landing.
        goes_on: whether rows of later days will come.
        label: SQL of the outcome.
        label_name: its column in the label table.
        known_at: SQL of the moment at which the label becomes known; None where that is its
            landing.
        label_delay_days: days after its row until nearly every label is known; None where nobody
            knows.
        task: the section `task` of the YAML.
        label_facts: what the outcomes are like; a task whose loss has the label's unit needs them.
        reasons: why, by the dotted path of the YAML that it explains.
    """

    domain: Identifier
    table: Identifier
    model: Identifier
    description: str
    owners: tuple[str, ...]
    source: SourceChoice = Field(discriminator="type")
    columns: tuple[ColumnChoice, ...]
    key: tuple[Identifier, ...]
    duplicates: Literal["refuse", "drop", "number"] = "refuse"
    numbered_by: Identifier | None = None
    entity: tuple[Identifier, ...]
    event_time: str | None
    time_column: str | None
    timezone: str = "UTC"
    clock_change: ClockChange = "refuse"
    first_day: date | None = None
    last_day: date | None = None
    goes_on: bool = False
    label: str
    label_name: Identifier
    known_at: str | None
    label_delay_days: int | None = Field(default=None, ge=0)
    task: dict[str, Any]
    label_facts: LabelFacts | None = None
    rolling: tuple[RollingChoice, ...] = ()
    cadence: Literal["daily", "weekly"] = "weekly"
    rows: int = 0
    reasons: dict[str, str] = Field(default={})
