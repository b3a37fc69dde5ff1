"""One MLflow run of a training, and what is logged to it."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlops_platform.formats.plain_json import finite, plain_json
from mlops_platform.registry.locations import location_of

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param

T = TypeVar("T")

logger = logging.getLogger(__name__)

# Limits of MLflow's own validation.
_ITEMS_PER_BATCH: Final = 100
_DATASET_DIGEST_LENGTH: Final = 36
_FIGURES: Final = "figures"


@dataclass(frozen=True)
class TrainingRun:
    """A run that is open for logging.

    Args:
        home: what is logged by reference is told relative to it.
    """

    client: MlflowClient
    experiment_id: str
    run_id: str
    home: Path | None = None

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log parameters; MLflow itself cuts each after 6,000 characters."""
        for batch in _batches(_params(params)):
            self.client.log_batch(self.run_id, params=batch)

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log numbers."""
        for batch in _batches(_metrics(metrics, step)):
            self.client.log_batch(self.run_id, metrics=batch)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags, in place of earlier ones of the same name."""
        from mlflow.entities import RunTag

        for batch in _batches(RunTag(key, value) for key, value in tags.items()):
            self.client.log_batch(self.run_id, tags=batch)

    def log_figures(self, figures: Mapping[str, bytes]) -> None:
        """Log pictures, PNG bytes by name, below ``figures/``."""
        with tempfile.TemporaryDirectory() as temporary:
            for name, png in figures.items():
                Path(temporary, f"{name}.png").write_bytes(png)
            self.client.log_artifacts(self.run_id, temporary, _FIGURES)

    def read_figures(self) -> dict[str, bytes]:
        """What `log_figures` logged."""
        with tempfile.TemporaryDirectory() as temporary:
            files = [
                Path(self.client.download_artifacts(self.run_id, file.path, temporary))
                for file in self.client.list_artifacts(self.run_id, _FIGURES)
            ]
            return {file.stem: file.read_bytes() for file in files}

    def log_directory(self, name: str, directory: Path) -> None:
        """Log every file of a local directory below `name`."""
        self.client.log_artifacts(self.run_id, str(directory), name)

    def delete_file(self, name: str) -> None:
        """Delete a logged file; one that is gone already stays gone."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        present = self.client.list_artifacts(self.run_id, name.rpartition("/")[0])
        if any(file.path == name for file in present):
            uri = self.client.get_run(self.run_id).info.artifact_uri
            artifacts: Any = get_artifact_repository(uri, self.client.tracking_uri)
            artifacts.delete_artifacts(name)

    def log_text(self, name: str, text: str) -> None:
        """Log a text, Markdown or HTML file."""
        self.client.log_text(self.run_id, text, name)

    def log_dict(self, name: str, value: dict[str, Any]) -> None:
        """Log a JSON or YAML file, by the ending of its name."""
        self.client.log_dict(self.run_id, finite(value), name)

    def log_dataset(
        self,
        name: str,
        digest: str,
        source: Path,
        columns: Mapping[str, str],
        profile: Mapping[str, object],
        context: str = "training",
    ) -> None:
        """Log a training set as an input of the run, by reference.

        Args:
            digest: its hash; MLflow shows the first 36 characters, a tag keeps all.
            source: of the snapshot.
            columns: MLflow type by column, such as ``double`` or ``string``.
            profile: headline numbers, such as rows and days.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        colspec = [{"name": column, "type": kind} for column, kind in columns.items()]
        dataset = Dataset(
            name=name,
            digest=digest[:_DATASET_DIGEST_LENGTH],
            source_type="local",
            source=json.dumps({"uri": location_of(source, self.home)}),
            schema=json.dumps({"mlflow_colspec": colspec}),
            profile=plain_json(profile),
        )
        tags = [InputTag("mlflow.data.context", context), InputTag("mlops.data_hash", digest)]
        self.client.log_inputs(self.run_id, [DatasetInput(dataset, tags)])

    def child_run(
        self,
        name: str,
        params: Mapping[str, object],
        metrics: Mapping[str, float],
        tags: Mapping[str, str] | None = None,
        *,
        status: str = "FINISHED",
        seconds: float = 0.0,
    ) -> str:
        """Log one finished trial as a nested run, in three round trips; return its id.

        Args:
            params: at most 100.
            status: ``FINISHED``, ``FAILED``, or ``KILLED`` for a pruned trial.
            seconds: how long it took until now.
        """
        run = self.client.create_run(
            self.experiment_id,
            start_time=_milliseconds() - round(seconds * 1000),
            tags={"mlflow.parentRunId": self.run_id, **(tags or {})},
            run_name=name,
        )
        run_id: str = run.info.run_id
        self.client.log_batch(run_id, _metrics(metrics), _params(params))
        self.client.set_terminated(run_id, status)
        return run_id


@contextmanager
def terminated(run: TrainingRun) -> Iterator[TrainingRun]:
    """Yield the run; mark it finished, failed or killed, as its body ends.

    What ended the body is raised, also where the run cannot be marked: an interrupt may have left
    a transaction of MLflow's open, that locks its database.
    """
    try:
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        try:
            run.client.set_terminated(run.run_id, status)
        except Exception as unmarked:
            logger.warning("MLflow run %s is %s, but not marked: %s", run.run_id, status, unmarked)
        raise
    run.client.set_terminated(run.run_id, "FINISHED")


def _params(params: Mapping[str, object]) -> list[Param]:
    from mlflow.entities import Param

    return [Param(key, str(value)) for key, value in params.items()]


def _metrics(metrics: Mapping[str, float], step: int = 0) -> list[Metric]:
    from mlflow.entities import Metric

    now = _milliseconds()
    return [Metric(key, float(value), now, step) for key, value in metrics.items()]


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _ITEMS_PER_BATCH)):
        yield batch


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
