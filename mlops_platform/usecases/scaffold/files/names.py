"""What the parts of a new model are called, so that no two of them are called the same."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from mlops_platform.tasks.starting import label_type, output_columns
from mlops_platform.usecases.scaffold.choices import Choices, ColumnChoice, DbtSourceChoice

DEFS: Final = Path("mlops_platform", "defs")
MODELS: Final = Path("dbt_project", "models")
DELIVERED_AT, KNOWN_AT, SUPERSEDED_AT = "delivered_at", "known_at", "superseded_at"
MOST_JOINED: Final = 4
"""Columns of a key that are put together as they are; of more a hash is made."""


@dataclass(frozen=True)
class Names:
    """Names that follow from the choices."""

    choices: Choices

    @property
    def definitions(self) -> Path:
        """Folder of this data's definitions."""
        return DEFS / self.choices.domain

    @property
    def models(self) -> Path:
        """Folder of its dbt models."""
        return MODELS / self.choices.domain

    @property
    def staging(self) -> str:
        """The dbt model that marts read."""
        source = self.choices.source
        if isinstance(source, DbtSourceChoice):
            return source.model
        return f"stg_{self.choices.table}"

    @property
    def features(self) -> str:
        """The feature table."""
        return f"{self.choices.model}_features"

    @property
    def labels(self) -> str:
        """The label table."""
        return f"{self.choices.model}_labels"

    @cached_property
    def columns(self) -> tuple[ColumnChoice, ...]:
        """All that land."""
        return tuple(column for column in self.choices.columns if column.role != "dropped")

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Their types by their output; a time column is a moment."""
        time = self.choices.time_column
        types = {
            column.output: "TIMESTAMPTZ" if column.name == time else column.type
            for column in self.columns
        }
        if self.choices.numbered_by is not None:
            types[self.choices.numbered_by] = "BIGINT"
        return types

    @cached_property
    def label_type(self) -> str:
        """SQL type in which outcomes are published."""
        return label_type(self.choices.task)

    @property
    def entity_is_hashed(self) -> bool:
        """Whether rows have no key of a few columns."""
        choices = self.choices
        return choices.numbered_by in choices.entity or len(choices.entity) > MOST_JOINED

    @cached_property
    def entity(self) -> str:
        """Column that identifies a prediction."""
        if len(self.choices.entity) == 1:
            return self.choices.entity[0]
        table = self.choices.table
        return _free(table if table.endswith("_id") else f"{table}_id", self.types)

    @cached_property
    def event_time(self) -> str | None:
        """Column with the moment of a prediction; None where rows have none."""
        if self.choices.event_time is None:
            return None
        if self.choices.event_time == "event_time":
            return "event_time"
        return _free("event_time", self.types)

    @cached_property
    def landing_day(self) -> str:
        """Column of the staging with the day on which a row landed."""
        return _free("landing_day", self.types)

    @cached_property
    def partition(self) -> str:
        """Column by which both tables are published."""
        usual = "landed_day" if self.event_time is None else "local_date"
        return _free(usual, self._in_marts)

    def feature(self, output: str) -> str:
        """The name of a landed column in the feature table: none that predictions have."""
        if output in self._of_predictions:
            return _free(f"{output}_value", self.types)
        return output

    @cached_property
    def _of_predictions(self) -> frozenset[str]:
        return output_columns(self.choices.task)

    @cached_property
    def _in_marts(self) -> frozenset[str]:
        rolling = {rolling.name for rolling in self.choices.rolling}
        return frozenset({*self.types, *rolling, self.choices.label_name})


def _free(name: str, taken: Collection[str]) -> str:
    """A name, with a number where it is taken."""
    number, candidate = 2, name
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate
