"""Scores of rows by local day, as a version keeps those of the rows that it has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file
from mlops_platform.tasks import ScoredDay

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mlops_platform.tasks.predictions import Numbers


def by_day(days: NDArray[np.datetime64], scores: Numbers) -> list[ScoredDay]:
    """Scored days in order; rows may come in any.

    Args:
        days: local days as datetime64[D], shape (rows,).
        scores: shape (rows,).
    """
    import numpy as np

    order = np.argsort(days, kind="stable")
    names, firsts = np.unique(days[order], return_index=True)
    parts = np.split(scores[order], firsts[1:])
    return [ScoredDay(day.astype(object), part) for day, part in zip(names, parts, strict=True)]


def write_scored_days(path: Path, scored: Sequence[ScoredDay], facts: Mapping[str, str]) -> None:
    """Write columns `day` and `score` with facts about them, whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = [day for day, scores in scored for _ in scores]
    scores = [score for _, scores in scored for score in scores]
    table = pa.table({"day": pa.array(days, pa.date32()), "score": pa.array(scores, pa.float64())})
    with replacing_file(path) as temporary:
        pq.write_table(table.replace_schema_metadata(dict(facts)), temporary, compression="zstd")


def read_scored_days(path: Path) -> tuple[list[ScoredDay], dict[str, str]] | None:
    """What `write_scored_days` wrote; None where it wrote nothing.

    Raises:
        DataError: the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        return None
    try:
        table: pa.Table = pq.read_table(path, columns=["day", "score"])
    except (OSError, KeyError, pa.ArrowException) as error:
        raise DataError(
            f"{path} holds no scored days: {error}. Fetch the version from the registry again."
        ) from error
    stored = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    days = table["day"].to_numpy().astype("datetime64[D]")
    return by_day(days, table["score"].to_numpy()), stored
