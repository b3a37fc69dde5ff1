"""Columns of a table as its asset shows them: open-source Dagster does not show their lineage."""

from typing import Final

import dagster as dg

from mlops_platform.data.lineage.project_lineage import Column, ProjectLineage

COLUMN_SCHEMA: Final = "dagster/column_schema"
COLUMN_LINEAGE: Final = "dagster/column_lineage"


def dependencies(lineage: ProjectLineage, table: str) -> dg.TableColumnLineage:
    """One step up, for programs, and for a Dagster that shows it."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(parent.split("/")), column_name=name)
                for parent, name in made_from
            ]
            for column, made_from in lineage.tables[table].items()
        }
    )


def with_origins(schema: dg.TableSchema, lineage: ProjectLineage, table: str) -> dg.TableSchema:
    """The columns, each description followed by the landed columns that it is made from."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=_described(column.description, lineage, (table, column.name)),
                constraints=column.constraints,
                tags=column.tags,
            )
            for column in schema.columns
        ],
        constraints=schema.constraints,
    )


def _described(description: str | None, lineage: ProjectLineage, column: Column) -> str | None:
    origins = [origin for origin in lineage.origins(column) if origin != column]
    if not origins:
        return description
    made_from = f"From {', '.join(f'{table}.{name}' for table, name in origins)}."
    if not description or made_from in description:  # the definition may say it already
        return description or made_from
    return f"{description} {made_from}"
