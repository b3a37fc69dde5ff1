"""Which columns of files become which columns of a table."""

from collections.abc import Mapping, Sequence

from mlops_platform.data.landing.deliveries import PARTITION_COLUMN
from mlops_platform.data.landing.files.input_files import InputFiles, refuse_unclear_names
from mlops_platform.errors import DataError


def chosen_columns(
    inputs: Sequence[InputFiles],
    columns: Mapping[str, str] | None,
    time_column: str,
    typed: Sequence[str],
) -> dict[str, str]:
    """Output name -> input name of what lands.

    Args:
        columns: the same as it is declared; all columns under their own names where None.
        typed: outputs for which something is declared.

    Raises:
        DataError: a column is lacking, has no clear name, or the name of the landing's partition;
            or the time column is left out.
    """
    present = list(dict.fromkeys(name for files in inputs for name in files.names))
    if columns is None:
        refuse_unclear_names(inputs)
    outputs = dict(columns) if columns else {name: name for name in present}
    _refuse_absent({time_column, *outputs.values()}, present, inputs)
    for files in inputs:
        _refuse_absent({time_column}, files.names, [files])
    if PARTITION_COLUMN in outputs:
        raise DataError(
            f"column '{PARTITION_COLUMN}' has the name of the landing's partition. List the "
            "columns under `columns` and give this one another name, or leave it out."
        )
    if time_column not in outputs.values():
        raise DataError(
            f"columns: {sorted(outputs)} leave out the time column '{time_column}'. "
            "Land it too: a fact without its moment cannot be used point-in-time."
        )
    unknown = sorted(set(typed) - set(outputs))
    if unknown:
        raise DataError(
            f"types name {unknown}, which are not landed. Use output names: {sorted(outputs)}."
        )
    return outputs


def _refuse_absent(wanted: set[str], present: Sequence[str], inputs: Sequence[InputFiles]) -> None:
    absent = sorted(wanted - set(present))
    if not absent:
        return
    files = ", ".join(str(files.paths[0]) for files in inputs)
    known = {name.lower() for name in present}
    case = " Names are told apart by their case." if known & {*map(str.lower, absent)} else ""
    raise DataError(f"{files} lacks {absent}. Its columns are {sorted(present)}.{case}")
