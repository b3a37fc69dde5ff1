"""`mlops sql`: the lake as a read-only DuckDB catalogue."""

import sys
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import click
from rich.text import Text

from mlops_platform.cli.console import answer, console, folding_table, json_option, say
from mlops_platform.errors import DataError, LedgerError
from mlops_platform.settings import DBT_PROJECT, settings

if TYPE_CHECKING:
    import pyarrow as pa

MAX_SHOWN_ROWS = 100


@click.command()
@click.argument("query", required=False)
@click.option("--csv", "as_csv", is_flag=True, help="Every row as CSV, for another program.")
@json_option
def command(query: str | None, as_csv: bool, as_json: bool) -> None:
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
        columns = [name for name, *_ in result.description or ()]
        if as_json:
            rows = [map(_as_json, row) for row in result.fetchall()]
            answer([dict(zip(columns, row, strict=True)) for row in rows])
            return
        _show(columns, result.fetchmany(MAX_SHOWN_ROWS + 1))
    if query is None:
        say(f"columns are described in {DBT_PROJECT / 'models'}")


def _ledger_tables() -> "Mapping[str, pa.Table]":
    """Nothing where the ledger cannot be read: the lake can."""
    from mlops_platform.usecases.deployment import open_deployment
    from mlops_platform.usecases.reporting.decisions import decisions_table

    try:
        return {"decisions": decisions_table(open_deployment().ledger)}
    except LedgerError:
        return {}


def _show(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    table = folding_table(dict.fromkeys(columns))
    table.show_lines = False
    for row in rows[:MAX_SHOWN_ROWS]:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(table)
    if len(rows) > MAX_SHOWN_ROWS:
        say(f"the first {MAX_SHOWN_ROWS} rows; --csv and --json give all of them")


def _as_json(value: Any) -> Any:
    """A value of DuckDB as JSON holds it: moments and what else it has no form for as texts."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _as_json(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(member) for member in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
