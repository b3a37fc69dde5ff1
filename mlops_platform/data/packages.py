"""Data files that an installed Python package carries."""

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from mlops_platform.errors import DataError


def installed_package_folder(package: str, *parts: str) -> Path:
    """Folder inside an installed package, found without importing it.

    Raises:
        DataError: the package is not installed or has no such folder.
    """
    folder = Path(str(_distribution(package).locate_file(package))).joinpath(*parts)
    if not folder.is_dir():
        raise DataError(f"package '{package}' has no folder {folder}. Reinstall it.")
    return folder


def installed_package_version(package: str) -> str:
    """Version of an installed package."""
    return _distribution(package).version


def _distribution(package: str) -> Distribution:
    try:
        return distribution(package)
    except PackageNotFoundError as error:
        raise DataError(
            f"package '{package}' is not installed. Install it, or name another folder."
        ) from error
