"""A table written batch by batch to one Parquet or CSV file, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mlops_platform.data.predictions import ranked_batches
from mlops_platform.errors import DataError
from mlops_platform.files import replacing_file

if TYPE_CHECKING:
    import pyarrow as pa


class TableFile:
    """A file that is being written.

    Args:
        open_writer: makes the writer, once the schema is known.
    """

    def __init__(self, open_writer: Callable[[pa.Schema], Any]) -> None:
        self._open_writer = open_writer
        self._writer: Any = None
        self.columns: list[str] = []

    def write(self, columns: Mapping[str, pa.Array]) -> None:
        """Append some rows; the first ones say the types."""
        import pyarrow as pa

        table = pa.table(dict(columns))
        if self._writer is None:
            self._schema, self.columns = table.schema, table.column_names
            self._writer = self._open_writer(table.schema)
        self._writer.write_table(table.cast(self._schema))


@contextmanager
def table_file(path: Path) -> Iterator[TableFile]:
    """Open a file for writing; on success it takes the place of what was there.

    Raises:
        DataError: its name ends neither in `.parquet` nor in `.csv`, or its folder is not there.
    """
    ending = path.suffix.lower()
    if ending not in (".parquet", ".csv"):
        raise DataError(f"{path}: name a file that ends in .parquet or .csv.")
    if not path.parent.is_dir():
        raise DataError(f"{path}: its folder {path.parent} does not exist. Make it first.")
    with replacing_file(path) as temporary, ExitStack() as writers:

        def open_writer(schema: pa.Schema) -> Any:
            if ending == ".parquet":
                import pyarrow.parquet as pq

                return writers.enter_context(
                    pq.ParquetWriter(temporary, schema, compression="zstd")
                )
            import pyarrow.csv as pc

            options = pc.WriteOptions(quoting_style="needed")
            return writers.enter_context(pc.CSVWriter(temporary, schema, write_options=options))

        yield TableFile(open_writer)


@contextmanager
def ranked_file(path: Path, group: str, score: str) -> Iterator[TableFile]:
    """The same, whose rows get their `rank` among those of their group once all are there."""
    with table_file(path) as ranked, TemporaryDirectory(prefix="mlops-ranks-") as scratch:
        unranked = Path(scratch) / "unranked.parquet"
        with table_file(unranked) as written:
            yield written
        for batch in ranked_batches(unranked, group, score):
            ranked.write(dict(zip(batch.schema.names, batch.columns, strict=True)))
