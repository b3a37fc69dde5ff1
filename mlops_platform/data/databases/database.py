"""What every database does: tell what is in it, and write rows of it to a file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from mlops_platform.data.databases.day_range import DayRange
from mlops_platform.data.engine import identifier
from mlops_platform.errors import DataError
from mlops_platform.section import nearest_name


class Relation(NamedTuple):
    """A table or view.

    Args:
        is_usual: whether it is found without its schema, too.
    """

    schema: str
    name: str
    is_usual: bool

    @property
    def full_name(self) -> str:
        """Its name with its schema."""
        return f"{self.schema}.{self.name}"

    @property
    def shown(self) -> str:
        """How a person names it."""
        return self.name if self.is_usual else self.full_name

    @property
    def sql(self) -> str:
        """How SQL names it."""
        return f"{identifier(self.schema)}.{identifier(self.name)}"


@dataclass(frozen=True)
class Wanted:
    """Which rows and columns of a relation are read.

    Args:
        days: their column is one of the relation's; all rows where None.
    """

    relation: Relation
    columns: Sequence[str]
    days: DayRange | None


class OpenDatabase(ABC):
    """A database within one transaction.

    Args:
        shown: its address in messages.
    """

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def export(
        self, relation: str, path: Path, days: DayRange | None, columns: Collection[str] | None
    ) -> None:
        """Write rows of a relation to a Parquet file.

        Raises:
            DataError: there is no such relation or time column, or a value is none of its
                column's type.
        """
        named = self._find(relation)
        names = self.column_names(named)
        if days is not None:
            days = replace(days, column=self._find_column(days.column, names, named))
        needed = None if columns is None else {name.lower() for name in columns}
        chosen = [name for name in names if needed is None or name.lower() in needed]
        # Of a relation without any that is needed the landing says which are lacking.
        self.write(Wanted(named, chosen or names, days), path)

    @abstractmethod
    def relations(self) -> Sequence[Relation]:
        """All tables and views that may be read, but for the database's own."""

    @abstractmethod
    def column_names(self, relation: Relation) -> Sequence[str]:
        """The columns of a relation in their order."""

    @abstractmethod
    def write(self, wanted: Wanted, path: Path) -> None:
        """Write rows to a Parquet file."""

    def place(self, relation: Relation) -> str:
        """Where rows are from, in messages."""
        return f"{relation.shown} of {self.shown}"

    def _find(self, relation: str) -> Relation:
        relations = self.relations()
        for named in relations:
            if relation in {named.shown, named.full_name}:
                return named
        names = sorted(named.shown for named in relations)
        nearest = nearest_name("table or view", relation, names)
        raise DataError(f"relation: {self.shown} has no '{relation}'. {nearest}")

    def _find_column(self, column: str, names: Sequence[str], relation: Relation) -> str:
        alike = [name for name in names if name.lower() == column.lower()]
        if column in alike:
            return column
        if len(alike) != 1:
            nearest = nearest_name("column", column, names)
            raise DataError(
                f"time_column: {self.place(relation)} has no column '{column}'. {nearest}"
            )
        return alike[0]
