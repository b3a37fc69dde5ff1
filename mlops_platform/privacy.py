"""Who may read what is written: its user alone, or a group as well that MLOPS_FILE_GROUP names."""

import grp
import os
from pathlib import Path
from typing import Final

from mlops_platform.errors import SettingsError

VARIABLE: Final = "MLOPS_FILE_GROUP"


def keep_private() -> int:
    """Set the umask of this process, which its children inherit; return the one before."""
    return os.umask(_umask())


def file_mode() -> int:
    """Mode of a file that a process makes whose umask is not ours to set, such as a service."""
    return 0o666 & ~_umask()


def folder_mode() -> int:
    """The same of a folder."""
    return 0o777 & ~_umask()


def close_home(home: Path) -> None:
    """Make a home, or an older one, one that only its user can enter, or the group too.

    What is made below it belongs to the group; somebody else's home stays as it is.

    Raises:
        SettingsError: there is no such group, or its user is not in it.
    """
    home.mkdir(parents=True, exist_ok=True)
    group = os.environ.get(VARIABLE)
    if home.stat().st_uid != os.geteuid():
        return
    if not group:
        home.chmod(folder_mode())
        return
    try:
        os.chown(home, -1, _group_id(group))
    except PermissionError as error:
        raise SettingsError(f"{VARIABLE}={group!r}: you are not in this group.") from error
    home.chmod(0o2000 | folder_mode())
    for database in (*home.rglob("*.db"), *home.rglob("*.sqlite")):
        # SQLite makes its files for others to read at most, whatever the umask allows.
        database.chmod(file_mode())


def _umask() -> int:
    return 0o007 if os.environ.get(VARIABLE) else 0o077


def _group_id(name: str) -> int:
    try:
        return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid
    except KeyError as error:
        raise SettingsError(
            f"{VARIABLE}={name!r} is no group of this machine. Name one that `getent group` lists."
        ) from error
