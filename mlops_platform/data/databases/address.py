"""Where a database is, as SQLAlchemy writes it; its password is in no message."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from mlops_platform.errors import DataError

if TYPE_CHECKING:
    from sqlalchemy import URL

SQLITE, POSTGRES, DUCKDB = "sqlite", "postgresql", "duckdb"
EXAMPLES: Final = (
    "sqlite:////absolute/path.db, duckdb:////absolute/path.duckdb or "
    "postgresql://user@host/database"
)
URL_SIGN: Final = "://"
SECRETS: Final = ("password", "passfile")
"""Parts of the names of options whose values are to stand in no file."""
SIGNATURES: Final = {SQLITE: (0, b"SQLite format 3\0"), DUCKDB: (8, b"DUCK")}
"""Where in a file which bytes say what it is."""


class Source(NamedTuple):
    """A table or view of a database.

    Args:
        url: as SQLAlchemy's; of a file it has the absolute path.
        relation: with its schema where it has one.
    """

    url: str
    relation: str


def is_database(text: str) -> bool:
    """Whether a text is the address of a database, and not the path of a file."""
    return URL_SIGN in text


def parse_source(text: str) -> Source:
    """Split an address such as ``sqlite:///shop.db#orders``.

    Raises:
        DataError: it is no URL of a database that can be read, or names no relation.
    """
    address, _, relation = text.rpartition("#")
    if not relation or not is_database(address):
        raise DataError(
            "the address names no table of a database. Write its URL, `#` and the table or view, "
            "such as sqlite:///shop.db#orders."
        )
    url = parsed_url(address)
    if url.get_backend_name() == POSTGRES:
        return Source(address, relation)
    path = str(database_path(url).resolve()).replace("%", "%25").replace("?", "%3F")
    return Source(f"{url.drivername}:///{path}", relation)


def parsed_url(url: str) -> URL:
    """The parts of a URL.

    Raises:
        DataError: it is none of a database that can be read.
    """
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        # As hosts of databases give it to their customers.
        parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    except (ArgumentError, ValueError):
        # Without its cause, which may show the password.
        raise DataError(
            f"url: it cannot be read as the address of a database. Write {EXAMPLES}, with %40 for "
            "an @ in the password, and %2F for a /."
        ) from None
    if parsed.get_backend_name() not in {SQLITE, POSTGRES, DUCKDB}:
        raise DataError(
            f"url: '{parsed.drivername}' is no database that can be read. Write {EXAMPLES}, or "
            "export the table to CSV or Parquet files and land these."
        )
    if "@" in (parsed.host or ""):
        raise DataError("url: the password has an @ in it. Write it as %40.")
    return parsed


def database_path(url: URL) -> Path:
    """The file of a database.

    Raises:
        DataError: there is none.
    """
    if not url.database or url.database == ":memory:":
        raise DataError(
            f"url: {shown(url)} names no file. Write {url.get_backend_name()}:////absolute/path."
        )
    path = Path(url.database)
    if not path.is_file():
        raise DataError(f"{path} does not exist. Name the file of the database in `url`.")
    # DuckDB would open others too, with what it downloads for them.
    kind, begun = url.get_backend_name(), _begin(path)
    if begun and not _is(kind, begun):
        other = next((name for name in SIGNATURES if _is(name, begun)), None)
        cure = f"Write {other}:///{path}" if other else "Name one, or land it as a file"
        raise DataError(f"url: {path} is no {kind} database. {cure}.")
    return path


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(max(at + len(sign) for at, sign in SIGNATURES.values()))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _is(kind: str, begun: bytes) -> bool:
    at, sign = SIGNATURES[kind]
    return begun[at : at + len(sign)] == sign


def has_secret(url: URL) -> bool:
    """Whether a URL has a password, or says among its options where one is."""
    options = [option.lower() for option in url.query]
    return url.password is not None or any(
        secret in option for option in options for secret in SECRETS
    )


def shown(url: URL) -> str:
    """A URL without its password and its options, which may hold another one."""
    return url.set(query={}).render_as_string(hide_password=True)


def shown_url(url: str) -> str:
    """The same of a text.

    Raises:
        DataError: it is no URL of a database that can be read.
    """
    return shown(parsed_url(url))
