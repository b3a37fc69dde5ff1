"""The stamp of a home that is only read: as if `mlops setup` had been there."""

from pathlib import Path

from mlops_platform.files import write_json
from mlops_platform.formats.home_stamp import FORMAT_KEY, PATH_KEY, STAMP_FILE
from mlops_platform.formats.number import FORMAT


def write_stamp(home: Path) -> None:
    """Write it, in today's format."""
    write_json(home / STAMP_FILE, {FORMAT_KEY: FORMAT, PATH_KEY: str(home)})
