"""Registry: MLflow's experiments, runs, versions and aliases, as the platform uses them."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlops_platform.errors import RegistryError
from mlops_platform.files import one_process_at_a_time, sha256_of_file
from mlops_platform.registry.connection import connect
from mlops_platform.registry.locations import (
    OF_TRAINING,
    is_server,
    location_of,
    remember_home,
)
from mlops_platform.registry.model_files import ModelDescription, write_mlflow_files
from mlops_platform.registry.relocation import (
    Relocation,
    apply_relocations,
    former_homes,
    mlflow_tables,
    planned_relocations,
)
from mlops_platform.registry.training_run import TrainingRun, terminated
from mlops_platform.registry.versions import (
    DIGESTS_TAG,
    MONITORS_TAG,
    FetchedVersion,
    RegisteredVersion,
    version_from,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

MONITORING: Final = ".monitoring"
"""Ends the name of the experiment of a model's monitoring."""


class Registry:
    """One MLflow deployment; each model is an experiment and a registered model of its name.

    Args:
        tracking_uri: database or server, for example ``sqlite:////path/mlflow.db``.
        artifact_root: folder of the artifacts; a tracking server uses its own instead.
        home: folder that the artifacts move with; None where they never move.
    """

    def __init__(self, tracking_uri: str, artifact_root: Path, home: Path | None = None) -> None:
        self._tracking_uri = tracking_uri
        self._artifact_root = artifact_root
        self._home = home
        if home is not None:
            remember_home(tracking_uri, home)

    def initialise(self, models: Iterable[str] = ()) -> None:
        """Create the database's schema and the experiments; safe when processes start at once.

        MLflow itself fails when several processes create its schema ("duplicate column name").
        """
        with one_process_at_a_time(self._artifact_root / ".initialise.lock"):
            self._client.search_experiments(max_results=1)
            for model in models:
                self._experiment_id(model)

    def former_homes(self) -> list[Path]:
        """Where the home was when the artifacts were logged that it holds; none at a server."""
        if self._home is None or is_server(self._tracking_uri):
            return []
        with mlflow_tables(self._tracking_uri) as connection:
            return former_homes(connection, self._artifact_root, self._home)

    def planned_relocations(self, former: Collection[Path]) -> list[Relocation]:
        """What makes MLflow's locations in the home, or in a former one, relative to it."""
        if self._home is None or is_server(self._tracking_uri):
            return []
        with mlflow_tables(self._tracking_uri) as connection:
            return planned_relocations(connection, self._artifact_root, self._home, former)

    def relocate(self, plan: Collection[Relocation]) -> None:
        """Write locations to MLflow's tables, all or none; there is no plan for a server."""
        if plan:
            with mlflow_tables(self._tracking_uri) as connection:
                apply_relocations(connection, plan)

    @contextmanager
    def training_run(self, model: str, name: str, tags: Mapping[str, str]) -> Iterator[TrainingRun]:
        """Start a run; it ends finished, or failed where the body fails."""
        experiment_id = self._experiment_id(model)
        run = self._client.create_run(experiment_id, tags=dict(tags), run_name=name)
        with terminated(
            TrainingRun(self._client, experiment_id, run.info.run_id, self._home)
        ) as training_run:
            yield training_run

    @contextmanager
    def resume_run(self, run_id: str) -> Iterator[TrainingRun]:
        """Go on with a run of an earlier asset; it ends as in `training_run`."""
        run = TrainingRun(self._client, self._experiment_of(run_id), run_id, self._home)
        self._client.update_run(run_id, status="RUNNING")
        with terminated(run):
            yield run

    @contextmanager
    def monitoring_run(self, model: str) -> Iterator[TrainingRun]:
        """The one run of a model to which the figures and reports of all its windows are logged.

        It is in an experiment of its own, apart from the trainings; in a home of before that was
        done it is among them, and goes on there.
        """
        apart = self._experiment_id(model + MONITORING)
        runs = self._client.search_runs(
            [self._experiment_id(model), apart],
            f"tags.`{MONITORS_TAG}` = '{model}'",
            max_results=1,
        )
        if runs:
            run_id = runs[0].info.run_id
        else:
            tags = {MONITORS_TAG: model}
            run_id = self._client.create_run(apart, tags=tags, run_name="monitoring").info.run_id
        with self.resume_run(run_id) as run:
            yield run

    def unfinished_runs(self) -> dict[str, str]:
        """Models of the runs that stand as running, by the id of the run."""
        models = {
            experiment.experiment_id: experiment.name.removesuffix(MONITORING)
            for experiment in self._client.search_experiments(max_results=50_000)
        }
        if not models:
            return {}
        runs = self._client.search_runs(list(models), "attributes.status = 'RUNNING'")
        return {run.info.run_id: models[run.info.experiment_id] for run in runs}

    def end_run(self, run_id: str) -> None:
        """Mark a run as killed: who wrote it is gone."""
        self._client.set_terminated(run_id, "KILLED")

    @contextmanager
    def fetched_directory(self, run_id: str, name: str) -> Iterator[Path]:
        """A directory that a run logged, on local disk; what a server sends is deleted afterwards.

        Raises:
            RegistryError: the run has no such directory.
        """
        from mlflow.exceptions import MlflowException

        with self._downloads() as temporary:
            try:
                directory = Path(self._client.download_artifacts(run_id, name, temporary))
            except (MlflowException, OSError) as error:
                raise RegistryError(
                    f"run {run_id} has no '{name}': {error}. Restore the artifact store, or train "
                    "and release again."
                ) from error
            yield directory

    def run_tags(self, run_id: str) -> dict[str, str]:
        """Tags of a run.

        Raises:
            RegistryError: there is no such run.
        """
        from mlflow.exceptions import MlflowException

        try:
            return dict(self._client.get_run(run_id).data.tags)
        except MlflowException as error:
            raise _no_run(run_id, error) from error

    def run_link(self, run_id: str, artifact: str = "") -> str:
        """Path of a run in MLflow's UI, or of an artifact, to be put after its address."""
        tail = f"/artifacts/{artifact}" if artifact else ""
        return f"/#/experiments/{self._experiment_of(run_id)}/runs/{run_id}{tail}{OF_TRAINING}"

    def experiment_link(self, model: str) -> str:
        """Path of all runs of a model in MLflow's UI."""
        return f"/#/experiments/{self._experiment_id(model)}/runs{OF_TRAINING}"

    def register_version(
        self,
        model: str,
        run_id: str,
        artifact_dir: Path,
        digests: Mapping[str, str],
        description: ModelDescription,
        tags: Mapping[str, str],
    ) -> RegisteredVersion:
        """Register the files of `artifact_dir` as a version; the same files of a run only once.

        Raises:
            RegistryError: a file is not what `digests` says.
        """
        for registered in self.versions(model):
            if registered.run_id == run_id and registered.holds(digests):
                return registered
        with tempfile.TemporaryDirectory() as temporary:
            directory = Path(temporary, "model")
            shutil.copytree(artifact_dir, directory)
            if _digests_of(directory) != dict(digests):
                raise RegistryError(
                    f"{artifact_dir} does not hold exactly the files that were judged: "
                    f"found {_digests_of(directory)}, expected {dict(digests)}. Train anew."
                )
            model_id, location = self._log_model(model, run_id, directory, description)
            tags = {**tags, DIGESTS_TAG: json.dumps(_digests_of(directory), sort_keys=True)}
        self._ensure_registered_model(model)
        # A `models:/` source would be looked up in MLflow's global tracking URI.
        entity = self._client.create_model_version(
            model, location, run_id, tags=tags, model_id=model_id
        )
        return version_from(entity)

    @contextmanager
    def fetched_version(self, model: str, version: int) -> Iterator[FetchedVersion]:
        """Files of a version in a local directory; verify them before use.

        What a server sends is deleted afterwards.

        Raises:
            RegistryError: there is no such version, or its files are gone.
        """
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        registered = self.version(model, version)
        with self._downloads() as temporary:
            try:
                uri = self._client.get_model_version_download_uri(model, str(version))
                directory = download_artifacts(
                    artifact_uri=uri, dst_path=temporary, tracking_uri=self._tracking_uri
                )
            except (MlflowException, OSError) as error:
                raise RegistryError(
                    f"files of version {version} of {model!r} cannot be fetched: {error}. "
                    "Restore the artifact store, or roll back to another version."
                ) from error
            yield FetchedVersion(**registered.model_dump(), directory=Path(directory))

    def version(self, model: str, version: int) -> RegisteredVersion:
        """One version.

        Raises:
            RegistryError: there is no such version.
        """
        from mlflow.exceptions import MlflowException

        try:
            return version_from(self._client.get_model_version(model, str(version)))
        except MlflowException as error:
            versions = [registered.version for registered in self.versions(model)]
            raise RegistryError(
                f"the registry has no version {version} of {model!r}; it has {versions}."
            ) from error

    def versions(self, model: str) -> list[RegisteredVersion]:
        """Every version of a model, newest first."""
        versions: list[RegisteredVersion] = []
        token: str | None = None
        while True:
            with self._reached():
                page = self._client.search_model_versions(
                    f"name = '{model}'", order_by=["version_number DESC"], page_token=token
                )
            versions += [version_from(entity) for entity in page]
            token = page.token
            if not token:
                return versions

    def describe_version(self, model: str, version: int, description: str) -> None:
        """Say in Markdown what a version is, for its page."""
        with self._reached():
            self._client.update_model_version(model, str(version), description)

    def tag_version(self, model: str, version: int, tag: str, value: str) -> None:
        """Set a tag of a version, in place of an earlier one of the same name."""
        with self._reached():
            self._client.set_model_version_tag(model, str(version), tag, value)

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Point an alias to a version, in one transaction; the last writer wins.

        Raises:
            RegistryError: there is no such version.
        """
        self.version(model, version)
        with self._reached():
            self._client.set_registered_model_alias(model, alias, str(version))

    def delete_alias(self, model: str, alias: str) -> None:
        """Remove an alias."""
        with self._reached():
            self._client.delete_registered_model_alias(model, alias)

    def alias_version(self, model: str, alias: str) -> int | None:
        """Version that an alias points to, or None."""
        from mlflow.exceptions import MlflowException

        with self._reached():
            try:
                registered_model = self._client.get_registered_model(model)
            except MlflowException as error:
                if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                    return None
                raise
        version = registered_model.aliases.get(alias)
        return None if version is None else int(version)

    @contextmanager
    def _downloads(self) -> Iterator[str | None]:
        """A folder for what a server sends; None where the files are on this machine as it is.

        MLflow's own folders are left behind, with a copy of the model each.
        """
        if not is_server(self._tracking_uri):
            yield None
            return
        with tempfile.TemporaryDirectory(prefix="mlops-download-") as temporary:
            yield temporary

    @contextmanager
    def _reached(self) -> Iterator[None]:
        from mlflow.exceptions import MlflowException

        try:
            yield
        except MlflowException as error:
            raise RegistryError(
                f"the registry did not answer ({error.message}). Look whether MLflow's database or "
                "server is up; `mlops reconcile` then brings it in line with the ledger."
            ) from error

    @cached_property
    def _client(self) -> MlflowClient:
        return connect(self._tracking_uri)

    def _experiment_id(self, model: str) -> str:
        from mlflow.exceptions import MlflowException

        experiment = self._client.get_experiment_by_name(model)
        if experiment is not None:
            return str(experiment.experiment_id)
        location = (
            None
            if is_server(self._tracking_uri)
            else location_of(self._artifact_root / model, self._home)
        )
        try:
            return str(self._client.create_experiment(model, artifact_location=location))
        except MlflowException as error:
            if error.error_code == "RESOURCE_ALREADY_EXISTS":
                return self._experiment_id(model)
            raise

    def _experiment_of(self, run_id: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_run(run_id).info.experiment_id)
        except MlflowException as error:
            raise _no_run(run_id, error) from error

    def _ensure_registered_model(self, model: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(model)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _log_model(
        self, model: str, run_id: str, directory: Path, description: ModelDescription
    ) -> tuple[str, str]:
        """Upload a directory as a logged model of the run; return its id and location."""
        from mlflow.entities import LoggedModelOutput

        logged = self._client.create_logged_model(
            self._experiment_of(run_id), name=model, source_run_id=run_id
        )
        write_mlflow_files(directory, logged, run_id, description)
        self._client.log_model_artifacts(logged.model_id, str(directory))
        self._client.finalize_logged_model(logged.model_id, "READY")
        self._client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, step=0)])
        return logged.model_id, logged.artifact_location


def _no_run(run_id: str, error: MlflowException) -> RegistryError:
    return RegistryError(f"the registry has no run {run_id!r}: {error.message}. Train anew.")


def _digests_of(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): sha256_of_file(path)
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }
