"""The stamp of a home: in which format its files are, and where it was when it was set up."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_platform.errors import DamagedHomeError, FormatError, SettingsError
from mlops_platform.formats.number import FORMAT, refuse_newer

STAMP_FILE: Final = "setup.json"
FORMAT_KEY, PATH_KEY = "format", "home"
RESTORING_FILE: Final = "restoring"
"""In a home for as long as a backup is being restored to it."""


@dataclass(frozen=True)
class HomeStamp:
    """What the last `mlops setup` wrote about a home."""

    format: int
    path: Path


def read_stamp(home: Path) -> HomeStamp | None:
    """The stamp of a home; None where it was never set up.

    Raises:
        DamagedHomeError: the file is no stamp.
    """
    content = stamp_content(home)
    if not content:
        return None
    stored_format, path = content.get(FORMAT_KEY, 0), content.get(PATH_KEY, str(home))
    if not isinstance(stored_format, int) or not isinstance(path, str):
        raise DamagedHomeError(
            home / STAMP_FILE,
            f"is damaged: {FORMAT_KEY} is {stored_format!r} and {PATH_KEY} {path!r}",
        )
    return HomeStamp(stored_format, Path(path))


def stamp_content(home: Path) -> dict[str, Any]:
    """Everything that the stamp says; nothing where the home was never set up.

    Raises:
        DamagedHomeError: the file is no stamp.
    """
    file = home / STAMP_FILE
    try:
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise DamagedHomeError(file, f"is damaged ({error})") from error
    if not isinstance(content, dict):
        raise DamagedHomeError(file, "holds no mapping")
    return content


def refuse_newer_home(home: Path) -> None:
    """Refuse a home that a newer version of the platform has written.

    Raises:
        FormatError: it is one.
    """
    stamp = read_stamp(home)
    if stamp is not None:
        refuse_newer(stamp.format, f"the home {home}")


def refuse_half_restored(home: Path) -> None:
    """Refuse a home to which a backup was not restored to the end.

    Raises:
        SettingsError: it is one.
    """
    if (home / RESTORING_FILE).exists():
        raise SettingsError(
            f"a restore to the home {home} is not finished: call `mlops restore` again, which "
            "begins anew."
        )


def require_current_home(home: Path) -> None:
    """Refuse a home that set-up has yet to bring up to date; one without a stamp is a new one.

    Raises:
        FormatError: it is of an older format.
        SettingsError: it was moved or copied since it was set up, or is not restored to the end.
    """
    refuse_half_restored(home)
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


def require_set_up(home: Path) -> None:
    """Refuse a home that was never set up, and whatever `require_current_home` refuses.

    Raises:
        FormatError: as `require_current_home`.
        SettingsError: as `require_current_home`, or nothing was ever set up there.
    """
    require_current_home(home)
    if not (home / STAMP_FILE).is_file():
        raise SettingsError(
            f"the home {home} is not set up yet. Call `make demo`, which does so and shows the "
            "example at work, or `mlops setup`, which does no more; MLOPS_HOME names another home."
        )
