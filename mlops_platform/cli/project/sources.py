"""What `--data` names: files, a table of a database, or a dbt model, scanned."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.errors import DataError, SpecError

if TYPE_CHECKING:
    from mlops_platform.data.profiling.profile import TableProfile
    from mlops_platform.data.profiling.reading.time_texts import SaidTimes
    from mlops_platform.data.profiling.scanned_table import ScannedTable
    from mlops_platform.usecases.scaffold.choices import SourceChoice

DBT: Final = "dbt:"
DEFAULT_ZONE: Final = "UTC"
DAY_COLUMNS: Final = ("local_date", "landed_day", "landing_day", "day")
VERSIONED: Final = {"known_at", "superseded_at"}
SUFFIXES: Final = (".csv", ".csv.gz", ".csv.zst", ".parquet")


class Source(NamedTuple):
    """Data as they were scanned.

    Args:
        name: after which domain and table are named.
        choice: how the files of the project say where they are.
    """

    table: ScannedTable
    name: str
    choice: SourceChoice


@contextmanager
def opened_source(data: str, timezone: str | None, times: SaidTimes) -> Iterator[Source]:
    """Scan what `--data` names.

    Args:
        times: what is said of how CSV files write them.

    Raises:
        DataError: it is not there, has no rows, or cannot be read.
        SpecError: what is said of times does not fit, or nothing could be said.
    """
    from mlops_platform.data.databases.address import is_database

    zone = timezone or DEFAULT_ZONE
    is_files = not data.startswith(DBT) and not is_database(data)
    if times.formats and not is_files:
        raise SpecError(
            "time-format", times.formats[0], "It is said of CSV files: cast times in the database."
        )
    with ExitStack() as resources:
        if data.startswith(DBT):
            source = _dbt_model(data.removeprefix(DBT), zone, resources)
        elif is_database(data):
            source = _relation(data, zone, resources)
        else:
            source = _files(Path(data), zone, times, resources)
        yield source


def shown_data(data: str) -> str:
    """What `--data` names, without a password.

    Raises:
        DataError: it is no URL of a database that can be read.
    """
    from mlops_platform.data.databases.address import is_database, shown_url

    if not is_database(data):
        return data
    url, sign, relation = data.rpartition("#") if "#" in data else (data, "", "")
    return f"{shown_url(url)}{sign}{relation}"


def _files(path: Path, zone: str, times: SaidTimes, resources: ExitStack) -> Source:
    from mlops_platform.data.profiling.scan import scan_files
    from mlops_platform.usecases.scaffold.choices import FileSourceChoice

    path = path.expanduser().resolve()
    if not path.exists():
        raise DataError(_not_there(path))
    table = resources.enter_context(scan_files([path], timezone=zone, times=times))
    choice = FileSourceChoice(
        folder=str(path if path.is_dir() else path.parent),
        pattern=_pattern(path),
        dialect=table.profile.dialect,
        null_values=table.profile.null_values,
    )
    return Source(table, path.name, choice)


def _pattern(path: Path) -> str:
    """The file itself, or all files of its kind in a folder."""
    if not path.is_dir():
        return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path.name)
    kinds = [kind for kind in SUFFIXES if any(path.glob(f"*{kind}"))]
    return f"*{kinds[0]}" if kinds else "*"


def _not_there(path: Path) -> str:
    from difflib import get_close_matches

    here = list(path.parent.iterdir()) if path.parent.is_dir() else []
    # By their names without what most of them end with.
    stems = {file.name.partition(".")[0]: file for file in here}
    close = get_close_matches(path.name.partition(".")[0], stems, n=1)
    fix = f"Did you mean {stems[close[0]]}?" if close else "Name a file or a folder."
    return f"{path} does not exist. {fix}"


def _relation(data: str, zone: str, resources: ExitStack) -> Source:
    from mlops_platform.data.databases.address import parse_source, shown_url
    from mlops_platform.data.databases.export import relation_names
    from mlops_platform.usecases.scaffold.choices import DatabaseSourceChoice

    if "#" not in data:
        known, shown = ", ".join(relation_names(data)), shown_url(data)
        raise DataError(f"{shown} names no table. Write {shown}#TABLE; it has {known or 'none'}.")
    url, relation = parse_source(data)
    choice = DatabaseSourceChoice(url=_without_password(data, url), relation=relation)
    table = _exported(url, relation, zone, resources)
    return Source(table, relation.rpartition(".")[2], choice)


def _without_password(data: str, url: str) -> str:
    """The URL as a file may hold it: one with a password is named by its variable.

    Raises:
        DataError: no variable of the environment has it.
    """
    from mlops_platform.data.databases.address import has_secret, parsed_url

    if not has_secret(parsed_url(url)):
        return url
    given = data.rpartition("#")[0]
    variables = [name for name, value in os.environ.items() if value in {given, url}]
    if not variables:
        raise DataError(
            "The URL has a password, which must stand in no file. Export it, as SHOP_URL say, and "
            'write --data "$SHOP_URL#TABLE": the files will name the variable.'
        )
    return min(variables)


def _dbt_model(model: str, zone: str, resources: ExitStack) -> Source:
    from mlops_platform.settings import DBT_PROJECT, settings
    from mlops_platform.usecases.scaffold.choices import DbtSourceChoice

    if not any((DBT_PROJECT / "models").rglob(f"{model}.sql")):
        raise DataError(
            f"dbt:{model} is no model of {DBT_PROJECT}. Name one by its file, without `.sql`."
        )
    warehouse = settings().warehouse
    if not warehouse.is_file():
        raise DataError(_not_built(model))
    try:
        table = _exported(f"duckdb:///{warehouse}", model, zone, resources)
    except DataError as error:
        raise DataError(f"{_not_built(model)} ({error})") from error
    table.profile = _as_named(table.profile)
    names = {column.name for column in table.profile.columns}
    day = next((name for name in DAY_COLUMNS if name in names), None)
    if day is None:
        raise DataError(
            f"dbt:{model} has no column with the local day of a row. Add one called "
            f"{' or '.join(DAY_COLUMNS)}: by it the features are built."
        )
    choice = DbtSourceChoice(model=model, day=day, is_versioned=names >= VERSIONED)
    return Source(table, model, choice)


def _as_named(profile: TableProfile) -> TableProfile:
    """What dbt has built is read by the names that it has there."""
    columns = [column.model_copy(update={"output": column.name}) for column in profile.columns]
    return profile.model_copy(update={"columns": tuple(columns)})


def _not_built(model: str) -> str:
    return (
        f"dbt:{model} has not been built yet, so there are no rows to look at. Build it with "
        "`mlops train` of a model that reads it, or with `mlops rebuild`."
    )


def _exported(url: str, relation: str, zone: str, resources: ExitStack) -> ScannedTable:
    from mlops_platform.data.databases.export import export_relation
    from mlops_platform.data.profiling.scan import scan_files

    folder = Path(resources.enter_context(tempfile.TemporaryDirectory(prefix="mlops-init-")))
    files = export_relation(url, relation, folder)
    table = resources.enter_context(scan_files(files, timezone=zone))
    shown = url.rpartition("@")[2]
    table.profile = table.profile.model_copy(update={"source": f"{relation} of {shown}"})
    return table
