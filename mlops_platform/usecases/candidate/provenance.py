"""Where a version comes from: the code, the data definitions and the run that made it."""

import subprocess
from pathlib import Path

from mlops_platform.data.features.project.sources import project_digest


def provenance(project_root: Path, dagster_run: str) -> dict[str, str]:
    """Tags that every training run and registered version carries."""
    return {
        "git_commit": git_commit(project_root),
        "dbt_project": project_digest(project_root / "dbt_project"),
        "dagster_run": dagster_run,
    }


def git_commit(project_root: Path) -> str:
    """The commit of the working tree, marked where the tree differs; `unknown` outside git."""
    commit = _git(project_root, "rev-parse", "HEAD")
    if commit is None:
        return "unknown"
    changed = _git(project_root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}-dirty" if changed else commit


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        finished = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return finished.stdout.strip() if finished.returncode == 0 else None
