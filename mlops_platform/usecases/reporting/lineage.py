"""What a table, column or model is made from, what is made from it, and which models read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Literal, TypeVar

from mlops_platform.data.lineage.project_lineage import Column, ProjectLineage
from mlops_platform.errors import DataError
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec

T = TypeVar("T")
Direction = Literal["up", "down"]
Asked = tuple[str, str | None]
"""A table, and a column of it where one is asked for."""


class Step(Record):
    """A table or column, and those one step further."""

    name: str
    steps: tuple[Step, ...] = ()


class Reading(Record):
    """A column that a model reads, and what it is to the model.

    Args:
        column: with its table.
    """

    model: str
    column: str
    role: str


class LineageReport(Record):
    """The answer to one question about lineage.

    Args:
        origins: landed columns, or columns of seeds, that it is made from in the end.
        read_by: what models read of it, or of what is made from it.
        unread: tables on the way whose SQL does not say what their columns are made from.
    """

    asked: str
    direction: Direction
    tree: Step
    origins: tuple[str, ...]
    read_by: tuple[Reading, ...]
    unread: dict[str, str]


def lineage_report(
    lineage: ProjectLineage, specs: Sequence[ModelSpec], asked: str, direction: Direction
) -> LineageReport:
    """Follow a table, a column or the features of a model.

    Args:
        asked: `weather`, `landing/weather`, either with `.column`, or the name of a model.

    Raises:
        DataError: there is no such table, column or model; says which is like it.
    """
    spec = next((spec for spec in specs if spec.name == asked), None)
    if spec is not None and not _tables_called(lineage, asked):
        return _of_model(lineage, spec, direction)
    table, column = _resolved(lineage, specs, asked)
    columns = [(table, column)] if column else [(table, name) for name in lineage.tables[table]]
    tree = _tree(lineage, table, column, direction)
    return LineageReport(
        asked=_text(table, column),
        direction=direction,
        tree=tree,
        origins=_origins(lineage, columns),
        read_by=tuple(_readings(specs, _made_from(lineage, columns))),
        unread=_unread(lineage, tree),
    )


def features_made_from(lineage: ProjectLineage, spec: ModelSpec) -> dict[str, tuple[str, ...]]:
    """Landed columns by feature of a model; none of one whose origin is unknown."""
    table = _published(spec.features.table)
    return {
        name: tuple(_text(*origin) for origin in lineage.origins((table, name)))
        for name in spec.features.names
    }


def _of_model(lineage: ProjectLineage, spec: ModelSpec, direction: Direction) -> LineageReport:
    if direction == "down":
        raise DataError(f"{spec.name} is a model: no table is made from it. Leave out `--down`.")
    read = [column for column, _ in _read_columns(spec)]
    tree = Step(
        name=spec.name,
        steps=tuple(
            Step(name=f"{_text(*column)} ({role})", steps=_origin_steps(lineage, column))
            for column, role in _read_columns(spec)
        ),
    )
    return LineageReport(
        asked=spec.name,
        direction=direction,
        tree=tree,
        origins=_origins(lineage, read),
        read_by=tuple(_readings([spec], set(read))),
        unread={table: lineage.unread[table] for table, _ in read if table in lineage.unread},
    )


def _tree(lineage: ProjectLineage, table: str, column: str | None, direction: Direction) -> Step:
    if column is not None:
        next_of = lineage.made_from if direction == "up" else lineage.makes
        return _followed((table, column), next_of, lambda reached: _text(*reached))
    if direction == "down":
        return _followed(table, lineage.children, str)
    return Step(
        name=table,
        steps=tuple(
            Step(name=name, steps=_origin_steps(lineage, (table, name)))
            for name in lineage.tables[table]
        ),
    )


def _followed(start: T, next_of: Callable[[T], Iterable[T]], text: Callable[[T], str]) -> Step:
    """A project has no circles, as dbt itself makes sure."""
    further = tuple(_followed(reached, next_of, text) for reached in next_of(start))
    return Step(name=text(start), steps=further)


def _origin_steps(lineage: ProjectLineage, column: Column) -> tuple[Step, ...]:
    origins = (origin for origin in lineage.origins(column) if origin != column)
    return tuple(Step(name=_text(*origin)) for origin in origins)


def _origins(lineage: ProjectLineage, columns: Iterable[Column]) -> tuple[str, ...]:
    reached = {origin for column in columns for origin in lineage.origins(column)}
    return tuple(_text(*origin) for origin in sorted(reached))


def _made_from(lineage: ProjectLineage, columns: Iterable[Column]) -> set[Column]:
    """The columns, and all that is made from them."""
    reached: set[Column] = set()
    waiting = list(columns)
    while waiting:
        column = waiting.pop()
        if column not in reached:
            reached.add(column)
            waiting += lineage.makes(column)
    return reached


def _readings(specs: Iterable[ModelSpec], columns: Collection[Column]) -> Iterator[Reading]:
    for spec in specs:
        for column, role in _read_columns(spec):
            if column in columns:
                yield Reading(model=spec.name, column=_text(*column), role=role)


def _read_columns(spec: ModelSpec) -> list[tuple[Column, str]]:
    features, label = spec.features, spec.label
    facts = _published(features.table), _published(label.table)
    roles: list[tuple[str, str | None, str]] = [
        *((facts[0], name, "feature") for name in features.names),
        (facts[0], features.entity, "entity"),
        (facts[0], features.event_time, "event time"),
        (facts[1], label.column, "label"),
        (facts[1], label.known_at, "when the label is known"),
    ]
    return [((table, name), role) for table, name, role in roles if name is not None]


def _published(table: str) -> str:
    return f"features/{table}"


def _unread(lineage: ProjectLineage, tree: Step) -> dict[str, str]:
    passed = {tree.name.partition(".")[0], *_names_in(tree)}
    return {table: fault for table, fault in lineage.unread.items() if table in passed}


def _names_in(step: Step) -> Iterator[str]:
    for further in step.steps:
        yield further.name.partition(".")[0]
        yield from _names_in(further)


def _text(table: str, column: str | None) -> str:
    return table if column is None else f"{table}.{column}"


def _resolved(lineage: ProjectLineage, specs: Sequence[ModelSpec], asked: str) -> Asked:
    """Dots part a column from its table, and, as in SQL, a table from its layer."""
    if tables := _tables_called(lineage, asked):
        return _the_one(tables, asked), None
    name, _, column = asked.rpartition(".")
    tables = _tables_called(lineage, name)
    if not tables:
        known = [*lineage.tables, *(_bare(table) for table in lineage.tables)]
        names = [*known, *(spec.name for spec in specs)]
        wanted = name if "." in asked and "/" not in asked.rpartition(".")[2] else asked
        raise DataError(
            f"there is no table or model '{wanted}'.{_like(wanted, names)} Tables are "
            f"{', '.join(lineage.tables)}."
        )
    table = _the_one(tables, name)
    if column not in lineage.tables[table]:
        columns = list(lineage.tables[table])
        raise DataError(
            f"{table} has no column '{column}'.{_like(column, columns)} It has "
            f"{', '.join(columns)}."
        )
    return table, column


def _tables_called(lineage: ProjectLineage, name: str) -> list[str]:
    """By layer and name, or by name alone."""
    slashed = name.replace(".", "/")
    if slashed in lineage.tables:
        return [slashed]
    return [table for table in lineage.tables if _bare(table) == name]


def _the_one(tables: Sequence[str], asked: str) -> str:
    if len(tables) > 1:
        raise DataError(f"'{asked}' may be {' or '.join(tables)}: write which.")
    return tables[0]


def _bare(table: str) -> str:
    return table.rpartition("/")[2]


def _like(name: str, names: Sequence[str]) -> str:
    """A question that names what is alike, or begins alike."""
    close = get_close_matches(name, names, n=1) or [
        known for known in names if name and known.startswith(name)
    ]
    return f" Did you mean '{close[0]}'?" if close else ""
