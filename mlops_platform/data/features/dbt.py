"""Runs dbt inside this process: a warm build takes a fraction of what a subprocess takes."""

from __future__ import annotations

import json
import os
import shutil
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.data.engine import WAREHOUSE, engine_config
from mlops_platform.data.features.kept_projects import BuiltWith, KeptProjects
from mlops_platform.data.features.project.behavior_flags import name_flags_by_two_frames
from mlops_platform.data.features.project.build_log import logged_events
from mlops_platform.data.features.project.nodes import publication_of
from mlops_platform.data.features.project.parse_problem import ProjectError, parse_problem
from mlops_platform.data.features.project.sources import digest_of, project_digest, source_digests
from mlops_platform.errors import WAREHOUSE_IS_LOCKED, DataError, LockedError
from mlops_platform.files import write_text

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

SUCCEEDED = frozenset({"success", "pass", "no-op"})
FAILED = frozenset({"error", "fail", "runtime error"})
SILENT = ("--log-level", "none")
"""On the console: results and exceptions say it all."""
ASKED_LOG_LEVEL = "DBT_LOG_LEVEL_FILE"
"""Where it is set, dbt writes the log below its target. Otherwise we do: what failed, and not every
statement, which takes an eighth of a build; the SQL is beside it."""
NOTHING_TWICE = ("--no-write-json",)
"""Parsing has written the manifest, and the results are returned: another copy of both, and of the
graph, takes a tenth of a build."""
ANYWHERE = {"MLOPS_WAREHOUSE": "warehouse.duckdb", "MLOPS_LAKE": "lake", "MLOPS_SPILL": "spill"}
"""What is parsed with. A manifest names none of these places, but dbt reads all files anew where
its profile has changed, and the spill folder is another one in every process."""


@dataclass(frozen=True)
class NodeOutcome:
    """What became of one dbt model, seed or data test in a build."""

    unique_id: str
    status: str
    seconds: float
    failures: int | None
    message: str | None

    @property
    def succeeded(self) -> bool:
        """Whether the node was built, or its test passed."""
        return self.status in SUCCEEDED

    @property
    def failed(self) -> bool:
        """Whether nothing may be published because of it."""
        return self.status in FAILED

    @property
    def was_run(self) -> bool:
        """Whether dbt ran the node at all; it skips what stands behind a failure."""
        return self.status != "skipped"


@dataclass(frozen=True)
class Publication:
    """How a table of the warehouse is published, as its dbt model declares."""

    schema: str
    alias: str
    partition_by: str
    order_by: tuple[str, ...]


@dataclass(frozen=True)
class DbtProjectFolder:
    """A dbt project, the warehouse it builds and the lake it reads.

    The dbt profile takes these paths, and how much memory DuckDB may use, from the environment when
    it connects, so that one manifest serves every deployment.
    """

    folder: Path
    warehouse: Path
    lake: Path
    target: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> Path:
        """The file that parsing writes."""
        return self.folder / "target" / "manifest.json"

    @property
    def is_parsed(self) -> bool:
        """Whether its manifest is there, of its present sources and by the present dbt."""
        stamp = _stamp(self.folder)
        if not self.manifest.is_file() or not stamp.is_file():
            return False
        return stamp.read_text(encoding="utf-8") == _made_from(self.folder)

    def environment(self) -> dict[str, str]:
        """Environment that the profile reads."""
        config = engine_config(WAREHOUSE)
        return {
            "MLOPS_WAREHOUSE": str(self.warehouse),
            "MLOPS_LAKE": str(self.lake),
            "MLOPS_MEMORY_LIMIT": config["memory_limit"],
            # DuckDB's own default, where there is no home yet.
            "MLOPS_SPILL": config.get("temp_directory", f"{self.warehouse}.tmp"),
        }

    def arguments(self) -> list[str]:
        """Command-line arguments that every dbt call needs."""
        return [
            *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder)),
            *("--target-path", str(self.target), "--log-path", str(self.target)),
            *("--vars", json.dumps(dict(self.variables))),
        ]


def parse(project: DbtProjectFolder) -> Path:
    """Write the manifest that Dagster's definitions are made from, and return its path.

    Raises:
        ProjectError: the project does not parse.
    """
    os.environ.update(project.environment())
    _parse(project.folder, project.target)
    return project.manifest


def parse_for_builds(project: DbtProjectFolder) -> Path:
    """The same for the builds of this process, which then need not parse it again.

    Raises:
        DataError: the project does not parse.
    """
    os.environ.update(project.environment())
    _parsed(project.folder, project.target)
    return project.manifest


def begin_as_parsed(copy: Path, project: Path) -> None:
    """Let a parse of a fresh copy read only what differs from the last parse of the project."""
    parsed = Path("target", "partial_parse.msgpack")
    if (project / parsed).is_file():
        (copy / parsed).parent.mkdir(exist_ok=True)
        shutil.copyfile(project / parsed, copy / parsed)


def build(
    project: DbtProjectFolder, select: Sequence[str] = (), *, tested: bool = True
) -> tuple[NodeOutcome, ...]:
    """Build and test models; dbt's unit tests belong to the test suite and are left out.

    What a good build ran with is kept in the lake.

    Args:
        select: dbt selectors; everything where empty.
        tested: whether data tests are run.

    Raises:
        DataError: dbt could not start (a failing model or test is an outcome, not an error).
        LockedError: another process has the warehouse open.
    """
    from dbt.artifacts.schemas.run import RunExecutionResult

    project.warehouse.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(project.environment())
    left_out = ("unit_test",) if tested else ("unit_test", "test")
    command = ["build", *NOTHING_TWICE, "--exclude-resource-type", *left_out, *project.arguments()]
    if select:
        command += ["--select", *select]
    try:
        result = _invoke(command, project.target, _parsed(project.folder, project.target))
    finally:
        release_warehouse()
    _raise_interrupt(result.exception)
    if not isinstance(result.result, RunExecutionResult):
        kind = LockedError if WAREHOUSE_IS_LOCKED in str(result.exception) else DataError
        raise kind(f"dbt build could not run: {result.exception}")
    outcomes = tuple(_outcome(node) for node in result.result.results)
    if not any(outcome.failed for outcome in outcomes):
        compiled = _compiled_models(result.result.results)
        KeptProjects(project.lake).keep(
            project.folder, digest_of(_sources(project.folder, project.target)), compiled
        )
    return outcomes


def compile_models(project: DbtProjectFolder) -> None:
    """Write the SQL of every model below the target, as a build does, and build nothing.

    Raises:
        DataError: a model does not compile.
    """
    project.warehouse.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(project.environment())
    command = [
        *("compile", *NOTHING_TWICE, "--select", "resource_type:model"),
        *project.arguments(),
    ]
    try:
        result = _invoke(command, project.target, _parsed(project.folder, project.target))
    finally:
        release_warehouse()
    _raise_interrupt(result.exception)
    if not result.success:
        raise DataError(f"dbt compile of {project.folder} failed: {result.exception}")


def builds_with(project: DbtProjectFolder, domains: Collection[str] | None = None) -> BuiltWith:
    """What a build of a project runs with in this process; nothing is parsed to know it.

    Args:
        domains: that are built, and that they are made from; all where None.
    """
    sources = _sources(project.folder, project.target)
    of_domains = None if domains is None else digest_of(sources, domains)
    return BuiltWith.of(digest_of(sources), of_domains)


def publications(manifest: Path) -> dict[str, Publication]:
    """How each table of a parsed project is published, by its name; those that are not are absent.

    Args:
        manifest: the file that parsing wrote.
    """
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    return {
        node["name"]: Publication(
            schema=node["schema"],
            alias=node["alias"],
            partition_by=meta["partition_by"],
            order_by=tuple(meta["order_by"]),
        )
        for node in nodes
        if (meta := publication_of(node))
    }


def release_warehouse() -> None:
    """Close dbt's connections: they hold the lock on the DuckDB file as long as they live."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4)
def _sources(folder: Path, log: Path) -> Mapping[str, str]:
    """Digests of what this process parses, read before it does.

    What somebody changes in between is built once too often, and never once too seldom.
    """
    return source_digests(folder)


@lru_cache(maxsize=4)
def _parsed(folder: Path, log: Path) -> Manifest:
    """Only the first build parses a project."""
    _sources(folder, log)
    return _parse(folder, log)


def _invoke(command: Sequence[str], log: Path, manifest: Manifest | None = None) -> dbtRunnerResult:
    """Call dbt, which parses the project where no manifest is given."""
    from dbt.cli.main import dbtRunner

    name_flags_by_two_frames()
    if ASKED_LOG_LEVEL in os.environ:
        return dbtRunner(manifest).invoke([*SILENT, *command])
    with logged_events(log) as callbacks:
        runner = dbtRunner(manifest, callbacks)
        return runner.invoke([*SILENT, "--log-level-file", "none", *command])


def _stamp(folder: Path) -> Path:
    """Beside the manifest: what it was made from, whichever home asked for it."""
    return folder / "target" / "manifest.made_from.json"


def _made_from(folder: Path) -> str:
    """The project as it is, and the packages that parse it."""
    return BuiltWith.of(project_digest(folder)).to_stored()


def _parse(folder: Path, log: Path) -> Manifest:
    """Parse a project; several deployments may share its folder, but not a log."""
    from dbt.contracts.graph.manifest import Manifest

    made_from = _made_from(folder)
    folders = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    with _environment_of(ANYWHERE):
        parsed = _invoke(["parse", *folders, "--log-path", str(log)], log)
    _raise_interrupt(parsed.exception)
    if not isinstance(parsed.result, Manifest):
        raise ProjectError(folder, parse_problem(str(parsed.exception), folder))
    write_text(_stamp(folder), made_from)
    return parsed.result


@contextmanager
def _environment_of(variables: Mapping[str, str]) -> Iterator[None]:
    """Some variables, for the duration."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _raise_interrupt(caught: BaseException | None) -> None:
    """Ctrl-C, and what Dagster makes of it, are no failures of dbt, which catches everything."""
    if caught is not None and not isinstance(caught, Exception):
        # What its frames hold of dbt's pool of threads would complain when the process ends.
        traceback.clear_frames(caught.__traceback__)
        raise type(caught) from None


def _outcome(node: Any) -> NodeOutcome:
    return NodeOutcome(
        unique_id=node.node.unique_id,
        status=str(node.status),
        seconds=float(node.execution_time),
        failures=node.failures,
        message=node.message,
    )


def _compiled_models(results: Sequence[Any]) -> dict[str, str]:
    """SQL of the models that a build has run, by unique id."""
    return {
        result.node.unique_id: result.node.compiled_code
        for result in results
        if result.node.resource_type == "model" and result.node.compiled_code
    }
