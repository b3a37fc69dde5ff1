"""Whether every stored file can be read to its end: the landed days and the lake's Parquet."""

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from mlops_platform.data.digest import parquet_digest
from mlops_platform.data.features.builds import build_job, builds_of
from mlops_platform.data.landing.deliveries import PARTITION_COLUMN, day_of
from mlops_platform.data.landing.verification import day_problem
from mlops_platform.data.training_set import ROWS_FILE
from mlops_platform.errors import DataError
from mlops_platform.settings import Settings
from mlops_platform.usecases.diagnosis.deep.finished_files import finished_files
from mlops_platform.usecases.diagnosis.fault import Fault
from mlops_platform.usecases.diagnosis.landing import damaged_day
from mlops_platform.usecases.diagnosis.looking import RESTORE

Cure = Callable[[Path], str]


def faults_of_landing(landing: Path) -> Iterator[Fault]:
    """Every landed day is what its deliveries say that it is."""
    for folder in sorted(landing.glob(f"[!.]*/{PARTITION_COLUMN}=*")):
        problem = day_problem(landing, folder.parent.name, day_of(folder))
        if problem is not None:
            yield damaged_day(folder, problem)


def faults_of_lake(settings: Settings, launch: Callable[[str], str]) -> Iterator[Fault]:
    """Every published, predicted and served file can be read; a training set is what it was.

    Args:
        launch: the command that runs a job.
    """
    yield from _unreadable(settings.published, lambda file: _build_again(settings, file, launch))
    yield from _unreadable(settings.predictions, _predict_again)
    yield from _unreadable(settings.served, lambda file: RESTORE)
    yield from _changed_training_sets(settings.training_sets)


def _unreadable(folder: Path, cure: Cure) -> Iterator[Fault]:
    for file in finished_files(folder, ".parquet"):
        problem = _problem(file)
        if problem is not None:
            yield Fault(
                severity="error",
                what=f"cannot be read: {problem}",
                where=str(file),
                cure=cure(file),
            )


def _changed_training_sets(folder: Path) -> Iterator[Fault]:
    """Training sets whose rows are not those of the hash that is the name of their folder."""
    for file in sorted(folder.glob(f"*/[!.]*/{ROWS_FILE}")):
        problem = _problem(file)
        if problem is not None:
            what = f"cannot be read: {problem}"
        elif parquet_digest(file) != file.parent.name:
            what = "its rows are not those of its hash: it was changed after it was taken"
        else:
            continue
        yield Fault(severity="error", what=what, where=str(file), cure=_snapshot_again(file))


def _problem(file: Path) -> str | None:
    """Why a Parquet file cannot be read to its end; batch by batch, so that memory is bounded."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            for _ in parquet.iter_batches():
                pass
    except (pa.ArrowException, OSError, ValueError) as error:
        return " ".join(str(error).split())
    return None


def _build_again(settings: Settings, file: Path, launch: Callable[[str], str]) -> str:
    table = file.relative_to(settings.published).parts[0]
    try:
        builds = builds_of(settings.landing, settings.published, table)
    except DataError:  # is told by `mlops doctor` itself
        builds = None
    if builds is None:
        return RESTORE
    return f"rm {shlex.quote(str(file))} && {launch(f'--job {build_job(builds.store)}')}"


def _predict_again(file: Path) -> str:
    model, window = file.parent.parent.name, file.parent.name.partition("=")[2]
    return f"rm {shlex.quote(str(file))} && mlops watch {model} {window}"


def _snapshot_again(file: Path) -> str:
    return f"{RESTORE}   # versions that were fitted on it cannot be reproduced without it"
