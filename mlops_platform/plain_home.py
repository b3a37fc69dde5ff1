"""A second name for a home whose own name some tools cannot take.

Dagster writes `sqlite:///` before a path and quotes nothing, SQLAlchemy unquotes what it reads, and
a `?` ends it there: `?` and `%41` lead to another file. It takes the path of its `dagster.yaml` for
a pattern: below `[ab]` it finds none and says nothing, below `a*` it also reads that of `ab`.
dbt-duckdb parses the warehouse's path as a URL, which `?` and `#` end. Tried with every printable
character of ASCII, with others, with tabs and newlines, these are all that break the two. All else
that the platform runs is given the home's own name. (DuckDB resolves symlinks, and needs more for a
`?`: see `data/dbt_plugins/journal.py`. It takes no backslash at all, so that settings refuse it.)

So for such a home these tools are led through a symlink below the user's cache folder. It must not
be resolved on the way. It can be deleted at any time: it is made again when it is next needed.
"""

import hashlib
import os
import re
from pathlib import Path

from mlops_platform.errors import SettingsError

UNUSABLE = re.compile(r"[?#*[]|%[0-9A-Fa-f]{2}")


def plain_home(home: Path) -> Path:
    """`home`, or a symlink to it (made where it is missing, like `home`) if its name is unusable.

    Raises:
        SettingsError: the symlink's place is taken, is not ours, or has no usable name either.
    """
    if not UNUSABLE.search(str(home)):
        return home
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute()
    alias = cache / "mlops_platform" / "homes" / hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    if UNUSABLE.search(str(alias)):
        raise SettingsError(
            f"XDG_CACHE_HOME={cache} has one of ? # * [ or a % with two hex digits, as "
            f"MLOPS_HOME={home} has. One of the two must do without: choose another folder for it."
        )
    # Nothing can be made below a symlink that leads nowhere.
    home.mkdir(parents=True, exist_ok=True)
    alias.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        alias.symlink_to(home)
    except FileExistsError:
        _refuse_foreign(alias, home)
    return alias


def _refuse_foreign(alias: Path, home: Path) -> None:
    """Databases behind somebody else's symlink would be written wherever it leads."""
    if not alias.is_symlink() or alias.lstat().st_uid != os.getuid() or alias.readlink() != home:
        raise SettingsError(
            f"{alias} stands in for MLOPS_HOME={home}, but it is no symlink of yours to it. Look "
            "what it is and delete it, or set XDG_CACHE_HOME to another folder."
        )
