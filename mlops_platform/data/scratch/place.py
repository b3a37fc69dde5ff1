"""A place of its own for builds that the deployment must not see."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from mlops_platform.data.features.dbt import DbtProjectFolder, build
from mlops_platform.errors import DataError
from mlops_platform.plain_home import plain_home
from mlops_platform.settings import Settings


@dataclass(frozen=True)
class Scratch:
    """A folder in a home.

    Args:
        plain: another name of it, that dbt can take.
        dbt_sources: where the project is copied to: dbt writes into its folder.
    """

    root: Path
    plain: Path
    dbt_sources: Path

    def dbt(self, name: str = "") -> DbtProjectFolder:
        """The project on a lake and a warehouse of its own; one parsed project serves them all.

        Args:
            name: of one of several lakes.
        """
        return DbtProjectFolder(
            folder=self.dbt_sources,
            # The database is named after the file.
            warehouse=self.plain / name / "warehouse" / "warehouse.duckdb",
            lake=self.root / name / "lake",
            target=self.dbt_sources.with_name("dbt"),
        )

    @contextmanager
    def part(self) -> Iterator[Self]:
        """A folder in it with the same project; gone afterwards."""
        with tempfile.TemporaryDirectory(dir=self.root) as root:
            name = Path(root).name
            yield replace(self, root=self.root / name, plain=self.plain / name)


@contextmanager
def scratch_place(
    place: Settings, folder: str, name: str, *, keep: bool = False
) -> Iterator[Scratch]:
    """A folder on the disk of the lake, so that deliveries can be linked.

    Args:
        folder: for what it is, below the home's cache.
        name: how the folder's own name begins.
        keep: whether it stays.
    """
    parent = place.source_cache / folder
    parent.mkdir(parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=parent))
    try:
        plain = plain_home(place.home) / root.relative_to(place.home)
        yield Scratch(root, plain, plain / "dbt_project")
    finally:
        if not keep:
            shutil.rmtree(root, ignore_errors=True)


@contextmanager
def environment_put_back() -> Iterator[None]:
    """A build tells its profile where it is by the environment of this process."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def build_untested(project: DbtProjectFolder, select: Sequence[str] = (), *, cure: str) -> None:
    """Build models without data tests.

    Args:
        cure: what to do where a model fails.

    Raises:
        DataError: a model failed.
    """
    with environment_put_back():
        outcomes = build(project, select, tested=False)
    if failed := [outcome for outcome in outcomes if outcome.failed]:
        lines = "\n".join(f"- {outcome.unique_id}: {outcome.message}" for outcome in failed)
        raise DataError(f"{len(failed)} dbt nodes cannot be built. {cure}\n{lines}")
