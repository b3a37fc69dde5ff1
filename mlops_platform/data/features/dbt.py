"""Runs dbt inside this process: a warm build takes a fraction of what a subprocess takes."""

from __future__ import annotations

import hashlib
import json
import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import DataError
from mlops_platform.files import sha256_of_file

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

MADE_BY_DBT = frozenset({"target", "logs", "dbt_packages", ".user.yml"})
SUCCEEDED = frozenset({"success", "pass", "no-op"})
SILENT = ("--log-level", "none", "--log-level-file", "debug")
"""On the console: results and exceptions say it all, and the log below its target says the rest."""


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
    def was_run(self) -> bool:
        """Whether dbt ran the node at all; it skips what stands behind a failure."""
        return self.status != "skipped"


@dataclass(frozen=True)
class DbtProjectFolder:
    """A dbt project, the warehouse it builds and the lake it reads.

    The dbt profile takes `MLOPS_WAREHOUSE` and `MLOPS_LAKE` from the environment when it connects,
    so that one manifest serves every deployment.
    """

    folder: Path
    warehouse: Path
    lake: Path
    target: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Environment that the profile reads."""
        return {"MLOPS_WAREHOUSE": str(self.warehouse), "MLOPS_LAKE": str(self.lake)}

    def arguments(self) -> list[str]:
        """Command-line arguments that every dbt call needs."""
        return [
            *("--project-dir", str(self.folder), "--profiles-dir", str(self.folder)),
            *("--target-path", str(self.target), "--log-path", str(self.target)),
            *("--vars", json.dumps(dict(self.variables))),
        ]


def project_digest(folder: Path) -> str:
    """SHA-256 over the sources of a dbt project: what it does, wherever it is checked out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not MADE_BY_DBT & set(relative.parts):
            digest.update(f"{relative.as_posix()}\0{sha256_of_file(path)}\0".encode())
    return digest.hexdigest()


def parse(project: DbtProjectFolder) -> Path:
    """Write the manifest that Dagster's definitions are made from, and return its path.

    Raises:
        DataError: the project does not parse.
    """
    os.environ.update(project.environment())
    _parse(project.folder, project.target)
    return project.folder / "target" / "manifest.json"


def build(project: DbtProjectFolder, select: Sequence[str] = ()) -> tuple[NodeOutcome, ...]:
    """Build and test models; dbt's unit tests belong to the test suite and are left out.

    Args:
        select: dbt selectors; everything where empty.

    Raises:
        DataError: dbt could not start (a failing model or test is an outcome, not an error).
    """
    from dbt.artifacts.schemas.run import RunExecutionResult

    project.warehouse.parent.mkdir(parents=True, exist_ok=True)
    os.environ.update(project.environment())
    command = ["build", "--exclude-resource-type", "unit_test", *project.arguments()]
    if select:
        command += ["--select", *select]
    try:
        result = _runner(project.folder, project.target).invoke([*SILENT, *command])
    finally:
        release_warehouse()
    _raise_interrupt(result.exception)
    if not isinstance(result.result, RunExecutionResult):
        raise DataError(f"dbt build could not run: {result.exception}")
    return tuple(_outcome(node) for node in result.result.results)


def release_warehouse() -> None:
    """Close dbt's connections: they hold the lock on the DuckDB file as long as they live."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4)
def _runner(folder: Path, log: Path) -> dbtRunner:
    """A dbt runner that holds the parsed project, so that only the first build parses it."""
    from dbt.cli.main import dbtRunner

    return dbtRunner(manifest=_parse(folder, log))


def _parse(folder: Path, log: Path) -> Manifest:
    """Parse a project; several deployments may share its folder, but not a log."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    folders = ["--project-dir", str(folder), "--profiles-dir", str(folder)]
    parsed = dbtRunner().invoke([*SILENT, "parse", *folders, "--log-path", str(log)])
    _raise_interrupt(parsed.exception)
    if not isinstance(parsed.result, Manifest):
        raise DataError(f"dbt parse of {folder} failed: {parsed.exception}")
    return parsed.result


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
