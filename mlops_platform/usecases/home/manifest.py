"""What a backup says of itself: digests of its files, and the newest hash of every chain."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from pydantic import ValidationError

from mlops_platform.errors import BackupError
from mlops_platform.files import sha256_of_file, write_text
from mlops_platform.record import Record

MANIFEST_FILE: Final = "manifest.json"
HOME_FOLDER: Final = "home"


class BackupManifest(Record):
    """What a backup holds.

    Args:
        home_format: format of the home in it.
        files: SHA-256 of every file by its path in the backup.
        newest_hashes: by model and chain of the ledger; who keeps them elsewhere can tell whether
            the newest rows of a ledger were removed.
        not_held: what has to be backed up elsewhere, in words.
    """

    made_at: datetime
    home_format: int
    files: Mapping[str, str]
    newest_hashes: Mapping[str, Mapping[str, str]]
    not_held: tuple[str, ...] = ()

    @classmethod
    def of(cls, backup: Path) -> Self:
        """The manifest of a backup.

        Raises:
            BackupError: the folder is none.
            FormatError: a newer version of the platform has made it.
        """
        file = backup / MANIFEST_FILE
        try:
            return cls.from_stored(file.read_bytes())
        except (OSError, ValidationError) as error:
            raise BackupError(
                f"{backup} is no whole backup: {file.name} cannot be read ({error}). Name a folder "
                "that `mlops backup` has made."
            ) from error

    def write(self, backup: Path) -> None:
        """Write it into its backup."""
        write_text(backup / MANIFEST_FILE, self.to_stored())

    def verify(self, backup: Path) -> None:
        """Read every file of a backup and compare its digest.

        Raises:
            BackupError: a file is missing, changed or too many.
        """
        present = digests_of(backup)
        differing = sorted(
            name
            for name in present.keys() | self.files.keys()
            if present.get(name) != self.files.get(name)
        )
        if differing:
            raise BackupError(
                f"{backup}: {len(differing)} files are not what was backed up, the first is "
                f"{differing[0]}. Take another backup."
            )


def digests_of(backup: Path) -> dict[str, str]:
    """SHA-256 of every file of a backup but the manifest, by its path."""
    return {
        name: sha256_of_file(file)
        for file in sorted(backup.rglob("*"))
        if file.is_file() and (name := file.relative_to(backup).as_posix()) != MANIFEST_FILE
    }
