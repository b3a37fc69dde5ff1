"""Which columns of files become which columns of a table."""

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.files.checked_rows import CheckedRows
from mlops_platform.data.landing.files.input_files import InputFiles, column_names
from mlops_platform.data.landing.schema.table_schema import Names
from mlops_platform.data.landing.schema.types import MOMENT
from mlops_platform.data.landing.time_formats.time_format import TimeFormat
from mlops_platform.errors import DataError


def chosen_columns(
    inputs: Sequence[InputFiles],
    columns: Mapping[str, str] | None,
    time_column: str | None,
    optional: Collection[str] = (),
) -> dict[str, str]:
    """Output name -> input name of what lands; the time column has the name that is declared.

    Args:
        columns: the same as it is declared; all columns under their own names where None.
        time_column: None where rows have no time.
        optional: outputs that are left out where no file has them.

    Raises:
        DataError: a column is lacking, has no clear name, or the name of the landing's partition;
            or the time column is left out.
    """
    named = columns or {name: name for name in column_names(inputs)}
    named = {
        output: name
        for output, name in named.items()
        if output not in optional or any(files.find(name) is not None for files in inputs)
    }
    outputs = named if time_column is None else _with_time(named, time_column, inputs)
    for name in outputs.values():
        _refuse_absent(name, inputs)
    if PARTITION_COLUMN in outputs:
        raise DataError(
            f"column '{PARTITION_COLUMN}' has the name of the landing's partition. List the "
            "columns under `columns` and give this one another name, or leave it out."
        )
    return outputs


def _with_time(
    named: Mapping[str, str], time_column: str, inputs: Sequence[InputFiles]
) -> dict[str, str]:
    """The same, with the time column as it is declared."""
    for files in inputs:
        _refuse_absent(time_column, [files])
    outputs = {
        output: time_column if name.lower() == time_column.lower() else name
        for output, name in named.items()
    }
    if time_column not in outputs.values():
        raise DataError(
            f"columns: {sorted(outputs)} leave out the time column '{time_column}'. "
            "Land it too: a fact without its moment cannot be used point-in-time."
        )
    return outputs


def refuse_unknown_types(types: Collection[str], outputs: Collection[str]) -> None:
    """Refuse types of columns that do not land.

    Raises:
        DataError: there are such.
    """
    unknown = sorted(set(types) - set(outputs))
    if unknown:
        raise DataError(
            f"types name {unknown}, which are not landed. Use output names: {sorted(outputs)}."
        )


def refuse_unknown_formats(formats: Collection[str], outputs: Collection[str]) -> None:
    """Refuse formats of columns that do not land.

    Raises:
        DataError: there is one; says which column is like it.
    """
    by_case = {name.lower(): name for name in outputs}
    for name in formats:
        if name.lower() not in by_case:
            close = get_close_matches(name.lower(), by_case, n=1)
            fix = (
                f"Did you mean '{by_case[close[0]]}'?"
                if close
                else f"Use output names: {sorted(outputs)}."
            )
            raise DataError(f"csv.formats: '{name}' is no column that lands. {fix}")


def refuse_unfit_formats(
    times: Mapping[str, TimeFormat], types: Mapping[str, str], formats: Mapping[str, str]
) -> None:
    """Refuse formats that say something else than the type of their column holds.

    Args:
        times: by output column.
        formats: those that were declared of one column each.

    Raises:
        DataError: names the column, the format and the type.
    """
    by_case = {name.lower(): name for name in types}
    for name, text in formats.items():
        column = by_case.get(name.lower())
        if column is not None and column not in times:
            raise DataError(
                f"csv.formats.{name}: {text!r} is of times, and the column lands as "
                f"{types[column]}. Declare DATE, TIMESTAMP or TIMESTAMPTZ for it in `types`."
            )
    for column, form in times.items():
        if form.has_zone and types[column] != MOMENT:
            raise DataError(
                f"csv: {str(form)!r} says a moment, and '{column}' lands as {types[column]}. "
                "Declare TIMESTAMPTZ for it in `types`."
            )


def refuse_partial_columns(
    parts: Sequence[CheckedRows], former: Names, optional: Collection[str]
) -> None:
    """Refuse files that lack a column of others, whose rows land together with theirs.

    Args:
        parts: files of which rows land on one day.
        former: older names of columns, by which files may have them.
        optional: columns that a file may lack.

    Raises:
        DataError: a file lacks one; says how to allow it.
    """
    present = {old: new for new, older in former.items() for old in older}
    by_part = [{present.get(name, name) for name in part.columns} for part in parts]
    needed = {name for columns in by_part for name in columns}.difference(optional)
    for part, columns in zip(parts, by_part, strict=True):
        lacking = sorted(needed - columns)
        if lacking:
            first, *alike = part.files.paths
            raise DataError(
                f"{first}{f' and {len(alike)} more' if alike else ''} lacks {lacking}, which "
                "another file of the same day has. Deliver it with them; or, of columns that are "
                f"not of the key, let files lack one with `optional: [{lacking[0]}]`, or leave it "
                f"out of the table with `dropped: [{lacking[0]}]`."
            )


def _refuse_absent(name: str, inputs: Sequence[InputFiles]) -> None:
    if all(files.find(name) is None for files in inputs):
        where = ", ".join(str(files.paths[0]) for files in inputs)
        present = sorted({name for files in inputs for name in files.names})
        raise DataError(f"{where} lacks ['{name}']. Its columns are {present}.")
