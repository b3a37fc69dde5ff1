"""What published tables were built with, kept so that a training set can be built again.

`<lake>/dbt_projects/last_build.json` says what the last good build ran with. Beside it, once for
each digest, are the sources of that dbt project (`<digest>/project/`) and the SQL that it compiled
for each model (`<digest>/compiled/<unique id>.sql`: that of the first build, whose days it names).
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final, Self

from pydantic import Field, ValidationError

from mlops_platform.data.features.project.sources import project_digest, project_files
from mlops_platform.errors import DataError
from mlops_platform.files import new_directory, write_text
from mlops_platform.record import Record, left_out_where_empty

FOLDER: Final = "dbt_projects"
BUILD_PACKAGES: Final = ("dbt-core", "dbt-duckdb", "duckdb")
_LAST_BUILD, _SOURCES, _COMPILED = "last_build.json", "project", "compiled"

logger = logging.getLogger(__name__)


class BuiltWith(Record):
    """What a build ran with.

    Args:
        dbt_project: digest of the project's sources, as dbt had parsed them.
        packages: versions by name.
        domain: digest of what concerns the domain that was built; None of a whole project.
    """

    dbt_project: str
    packages: dict[str, str]
    domain: str | None = Field(default=None, exclude_if=left_out_where_empty)

    @classmethod
    def of(cls, dbt_project: str, domain: str | None = None) -> Self:
        """A project as it is built by this process."""
        packages = installed_versions(BUILD_PACKAGES)
        return cls(dbt_project=dbt_project, packages=packages, domain=domain)

    def is_like(self, other: Self | None) -> bool:
        """Whether both build the same of the same facts."""
        if other is None or self.packages != other.packages:
            return False
        if self.domain is None or other.domain is None:
            return self.dbt_project == other.dbt_project
        return self.domain == other.domain

    @property
    def of_project(self) -> Self:
        """What the whole project was built with."""
        return self.model_copy(update={"domain": None})


class KeptProjects:
    """The dbt projects that built the tables of one lake."""

    def __init__(self, lake: Path) -> None:
        self._root = lake / FOLDER

    def keep(self, folder: Path, digest: str, compiled: Mapping[str, str]) -> None:
        """Keep what a good build ran with; a project that was kept before is not written again.

        Args:
            digest: of the project when it was parsed.
            compiled: SQL of the models that were built, by unique id.
        """
        kept = self._root / digest
        if not kept.is_dir():
            _copy(folder, kept, digest)
        for unique_id, sql in compiled.items():
            file = kept / _COMPILED / f"{unique_id}.sql"
            if kept.is_dir() and not file.is_file():
                write_text(file, sql)
        last = BuiltWith.of(digest)
        if self.last_build() != last:
            write_text(self._root / _LAST_BUILD, last.to_stored())

    def last_build(self) -> BuiltWith | None:
        """What the last good build ran with; None where none has said so.

        Raises:
            DataError: the file was damaged.
        """
        file = self._root / _LAST_BUILD
        try:
            return BuiltWith.from_stored(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise DataError(f"{file} is damaged. Delete it, and build the dbt models.") from error

    def sources(self, digest: str) -> Path | None:
        """The folder of a kept project; None where it was not kept.

        Raises:
            DataError: it is not what its digest says.
        """
        folder = self._root / digest / _SOURCES
        if not folder.is_dir():
            return None
        if (found := project_digest(folder)) != digest:
            raise DataError(
                f"{folder} has the digest {found}: it was changed after it was kept. Restore it "
                "from a backup."
            )
        return folder

    def compiled(self, digest: str) -> dict[str, str]:
        """Compiled SQL of a kept project by unique id of the model."""
        files = sorted((self._root / digest / _COMPILED).glob("*.sql"))
        return {file.stem: file.read_text(encoding="utf-8") for file in files}


def copy_project(folder: Path, target: Path) -> None:
    """Copy the sources of a dbt project, and nothing that dbt made."""
    for path in project_files(folder):
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def installed_versions(packages: Sequence[str]) -> dict[str, str]:
    """Versions of those of some packages that are installed."""
    versions = {}
    for package in packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _copy(folder: Path, kept: Path, digest: str) -> None:
    if project_digest(folder) != digest:
        # Somebody edits it: what dbt ran with is in memory only, until the next process parses.
        logger.warning("%s has changed since it was parsed: its sources are not kept", folder)
        return
    with new_directory(kept) as temporary:
        copy_project(folder, temporary / _SOURCES)
