"""The manifest of a table whose files a test has written itself."""

from datetime import date
from pathlib import Path

from mlops_platform.data.features.published import FILE, Manifest
from mlops_platform.data.features.warehouse import PartitionState
from mlops_platform.files import sha256_of_file, write_text


def claim(folder: Path, column: str = "local_date") -> None:
    """Name every file of a published table in its manifest, as publishing does."""
    files = {
        date.fromisoformat(file.parent.name.removeprefix(f"{column}=")): sha256_of_file(file)
        for file in sorted(folder.glob(f"{column}=*/{FILE}"))
    }
    states = {day: PartitionState(rows=1, digest=digest) for day, digest in files.items()}
    manifest = Manifest(partition_column=column, partitions=states, files=files)
    write_text(folder / "_manifest.json", manifest.to_stored())
