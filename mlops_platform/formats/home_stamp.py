"""The stamp of a home: in which format its files are, and where it was when it was set up."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_platform.errors import FormatError, SettingsError
from mlops_platform.formats.number import FORMAT, refuse_newer

STAMP_FILE: Final = "setup.json"
FORMAT_KEY, PATH_KEY = "format", "home"


@dataclass(frozen=True)
class HomeStamp:
    """What the last `mlops setup` wrote about a home."""

    format: int
    path: Path


def read_stamp(home: Path) -> HomeStamp | None:
    """The stamp of a home; None where it was never set up.

    Raises:
        SettingsError: the file is no stamp.
    """
    content = stamp_content(home)
    if not content:
        return None
    return HomeStamp(int(content.get(FORMAT_KEY, 0)), Path(content.get(PATH_KEY, home)))


def stamp_content(home: Path) -> dict[str, Any]:
    """Everything that the stamp says; nothing where the home was never set up.

    Raises:
        SettingsError: the file is no stamp.
    """
    file = home / STAMP_FILE
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise SettingsError(f"{file} is damaged ({error}). Restore it from a backup.") from error
    if not isinstance(content, dict):
        raise SettingsError(f"{file} holds no mapping. Restore it from a backup.")
    return content


def refuse_newer_home(home: Path) -> None:
    """Refuse a home that a newer version of the platform has written.

    Raises:
        FormatError: it is one.
    """
    stamp = read_stamp(home)
    if stamp is not None:
        refuse_newer(stamp.format, f"the home {home}")


def require_current_home(home: Path) -> None:
    """Refuse a home that set-up has yet to bring up to date; one without a stamp is a new one.

    Raises:
        FormatError: it is of an older format.
        SettingsError: it was moved or copied since it was set up.
    """
    stamp = read_stamp(home)
    if stamp is None:
        return
    if stamp.format < FORMAT:
        raise FormatError(
            f"the home {home} has format {stamp.format}, this version of the platform writes "
            f"format {FORMAT}: stop what runs on it and call `mlops setup`, which upgrades it and "
            "keeps a backup."
        )
    if stamp.path != home:
        raise SettingsError(
            f"the home {home} was set up at {stamp.path}: call `mlops setup` once where it is now."
        )
