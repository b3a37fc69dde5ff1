"""Landing what was served: the lines of the prediction log become Parquet, each exactly once.

Beside the landed days lies a manifest that says how far every log file was read. It is written
after the rows are. Where a crash comes in between, the same lines are read again and the same files
are written again, under the same names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from mlops_platform.data.parquet import write_parquet
from mlops_platform.data.served.lines import ReadLines, quarantined, read_lines
from mlops_platform.errors import DataError
from mlops_platform.files import is_held, one_process_at_a_time, write_text
from mlops_platform.record import Record
from mlops_platform.spec import ModelSpec

if TYPE_CHECKING:
    import pyarrow as pa

LOG_FILES = "predictions-*.jsonl"
MANIFEST = "landed.json"
QUARANTINE = "quarantine"
PIECE_BYTES = 16_000_000
"""Lines that are read at once, and so the most that a crash makes to be read again."""
OPEN_FOR = timedelta(hours=25)
"""A worker closes its file after a day; nobody writes to one that has not changed for longer."""


class ServedManifest(Record):
    """What has landed of one model's log.

    Args:
        offsets: bytes that were read of each log file.
        unjudged: landed files that no parity check has seen yet.
        judged: those that the last one saw.
    """

    offsets: Mapping[str, int] = {}
    unjudged: tuple[str, ...] = ()
    judged: tuple[str, ...] = ()

    def after(self, piece: Piece, files: tuple[str, ...]) -> ServedManifest:
        """The manifest once a piece has landed."""
        unjudged = tuple(dict.fromkeys((*self.unjudged, *files)))
        offsets = {**self.offsets, piece.file.name: piece.end}
        return self.model_copy(update={"offsets": offsets, "unjudged": unjudged})

    def without(self, log_file: str) -> ServedManifest:
        """The manifest once a log file is gone."""
        offsets = {name: read for name, read in self.offsets.items() if name != log_file}
        return self.model_copy(update={"offsets": offsets})


class Landing(Record):
    """What one landing did.

    Args:
        files: landed files, relative to the model's folder.
        malformed: lines that are none, kept in `quarantine/`.
        deleted: log files that were landed long ago.
    """

    rows: int = 0
    files: tuple[str, ...] = ()
    malformed: int = 0
    reasons: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()


class Piece(NamedTuple):
    """Lines of a log file, from one byte to another.

    They are complete, but for the last one of a file that nobody writes to any more.
    """

    file: Path
    start: int
    end: int
    lines: list[bytes]

    @property
    def name(self) -> str:
        """Name of what is landed from it; the same for every attempt."""
        return f"{self.file.stem}-{self.start:012d}"


def land_log(spec: ModelSpec, log: Path, landed: Path, now: datetime) -> Landing:
    """Land every complete line of a model's log that has not landed yet.

    The half line at the end of a file that may still be written to is waited for; of another file
    it is a malformed line.

    Args:
        log: folder of the workers' files.
        landed: folder of the model's landed days.
        now: moment of the machine, by which log files are closed, and old ones deleted.
    """
    landing = Landing()
    with one_process_at_a_time(landed / ".lock"):
        for file in sorted(log.glob(LOG_FILES)):
            read = read_manifest(landed).offsets.get(file.name, 0)
            for piece in _pieces(file, read, closed=_is_closed(file, now)):
                landing = _land(spec, piece, landed, landing)
        return landing.model_copy(update={"deleted": _delete_old(spec, log, landed, now)})


def read_manifest(landed: Path) -> ServedManifest:
    """What has landed of a model's log; nothing where there is no manifest.

    Raises:
        DataError: the file is no manifest.
    """
    path = landed / MANIFEST
    try:
        return ServedManifest.from_stored(path.read_bytes())
    except FileNotFoundError:
        return ServedManifest()
    except ValidationError as error:
        raise DataError(
            f"{path} is no manifest: {error.errors(include_url=False)}. Restore it, or delete the "
            f"whole folder {landed} to land again what the log still holds."
        ) from error


def record_judged(landed: Path, files: tuple[str, ...]) -> None:
    """Remember which landed files a parity check has seen."""
    with one_process_at_a_time(landed / ".lock"):
        manifest = read_manifest(landed)
        unjudged = tuple(file for file in manifest.unjudged if file not in files)
        _write(landed, manifest.model_copy(update={"unjudged": unjudged, "judged": files}))


def has_unlanded(log: Path, landed: Path, now: datetime) -> bool:
    """Whether a landing would find a line in a log."""
    offsets = read_manifest(landed).offsets
    return any(
        _has_line(file, offsets.get(file.name, 0), closed=_is_closed(file, now))
        for file in log.glob(LOG_FILES)
    )


def unlanded_lines(log: Path, landed: Path) -> Iterator[Piece]:
    """The complete lines of a log that have not landed yet."""
    offsets = read_manifest(landed).offsets
    for file in sorted(log.glob(LOG_FILES)):
        yield from _pieces(file, offsets.get(file.name, 0), closed=False)


def _is_closed(file: Path, now: datetime) -> bool:
    """By its age, because a worker may be elsewhere; but not while one is seen to hold it."""
    return _is_older(file, now - OPEN_FOR)


def _is_older(file: Path, moment: datetime) -> bool:
    # The lock is asked for last: it costs more, and a young file needs none.
    return file.stat().st_mtime < moment.timestamp() and not is_held(file)


def _has_line(file: Path, start: int, *, closed: bool) -> bool:
    if file.stat().st_size <= start:
        return False
    if closed:
        return True
    with file.open("rb") as log:
        log.seek(start)
        return log.readline().endswith(b"\n")


def _pieces(file: Path, start: int, *, closed: bool) -> Iterator[Piece]:
    with file.open("rb") as log:
        log.seek(start)
        while content := log.read(PIECE_BYTES) + log.readline():
            # A last line without its end is still being written, or never will be.
            size = content.rfind(b"\n") + 1
            if not size and not closed:
                return
            size = size or len(content)
            lines = content[:size].removesuffix(b"\n").split(b"\n")
            yield Piece(file, start, start + size, lines)
            start += size
            log.seek(start)


def _land(spec: ModelSpec, piece: Piece, landed: Path, landing: Landing) -> Landing:
    read = read_lines(piece.lines, spec)
    files = tuple(_write_days(read, piece, landed))
    if read.malformed:
        write_text(landed / QUARANTINE / f"{piece.name}.jsonl", quarantined(read.malformed))
    _write(landed, read_manifest(landed).after(piece, files))
    reasons = dict.fromkeys([*landing.reasons, *(line.reason for line in read.malformed)])
    return Landing(
        rows=landing.rows + read.rows.num_rows,
        files=(*landing.files, *files),
        malformed=landing.malformed + len(read.malformed),
        reasons=tuple(reasons)[:10],
    )


def _write_days(read: ReadLines, piece: Piece, landed: Path) -> Iterator[str]:
    for day, rows in _by_day(read.rows):
        name = f"day={day}/{piece.name}.parquet"
        write_parquet(rows, landed / name)
        yield name


def _by_day(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Rows of every day of their time in UTC, so that no YAML moves what has landed."""
    import pyarrow.compute as pc

    days = pc.strftime(rows["time"], "%Y-%m-%d")
    for day in sorted(pc.unique(days).to_pylist()):
        yield day, rows.filter(pc.equal(days, day))


def _delete_old(spec: ModelSpec, log: Path, landed: Path, now: datetime) -> tuple[str, ...]:
    """Delete log files that no worker writes any more: it begins another one every day.

    One that a worker holds stays, whatever the clock says that its age is.
    """
    kept_since = now - timedelta(days=spec.serving.log.keep_days)
    deleted = []
    for file in sorted(log.glob(LOG_FILES)):
        if _is_older(file, kept_since):
            file.unlink()
            _write(landed, read_manifest(landed).without(file.name))
            deleted.append(file.name)
    return tuple(deleted)


def _write(landed: Path, manifest: ServedManifest) -> None:
    write_text(landed / MANIFEST, manifest.to_stored())
