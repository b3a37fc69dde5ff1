"""`mlops sql`: the lake as a read-only DuckDB catalogue."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from mlops_platform.cli.console import console
from mlops_platform.errors import DataError, LedgerError
from mlops_platform.settings import PROJECT_ROOT, settings

if TYPE_CHECKING:
    import pyarrow as pa

MAX_SHOWN_ROWS = 100


@click.command()
@click.argument("query", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Every row as CSV, for another program.")
def command(query: str | None, as_csv: bool) -> None:
    """Query the lake with SQL, read-only.

    Without a QUERY it lists what there is. Schemas: landing (as delivered), features (published by
    dbt), training_sets, predictions and predictions_with_outcomes (one view a model; the last adds
    label and known_at, NULL where the outcome is not known), ledger (its decisions); "window" is
    quoted there.
    """
    from mlops_platform.data.catalogue import open_catalogue, query_catalogue

    with open_catalogue(settings().lake, _ledger_tables()) as catalogue:
        try:
            result = query_catalogue(catalogue, query or "FROM catalogue")
        except DataError as error:
            raise DataError(
                f"{error}\n`mlops sql` without a query lists tables and views."
            ) from error
        if as_csv:
            result.df().to_csv(sys.stdout, index=False)
            return
        rows = result.fetchmany(MAX_SHOWN_ROWS + 1)
        _show([name for name, *_ in result.description or ()], rows)
    if query is None:
        console.print(f"columns are described in {PROJECT_ROOT / 'dbt_project' / 'models'}")


def _ledger_tables() -> "Mapping[str, pa.Table]":
    """Nothing where the ledger cannot be read: the lake can."""
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.reporting.decisions import decisions_table

    try:
        return {"decisions": decisions_table(open_deployment().ledger)}
    except LedgerError:
        return {}


def _show(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    table = Table(*(escape(column) for column in columns))
    for row in rows[:MAX_SHOWN_ROWS]:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(table)
    if len(rows) > MAX_SHOWN_ROWS:
        console.print(f"the first {MAX_SHOWN_ROWS} rows; --csv gives all of them")
