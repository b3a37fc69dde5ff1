"""Names of a new model's domain, table and files, which nothing else has yet."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from pydantic import Field

from mlops_platform.errors import SpecError
from mlops_platform.record import Record

MOST_CHARACTERS = 40
"""Of a proposed name: dbt models and views are named after it, with more behind it."""
_SIDES = {
    ">": "above",
    ">=": "at_least",
    "<": "below",
    "<=": "at_most",
    "=": "is",
    "==": "is",
    "!=": "is_not",
    "<>": "is_not",
}
_COMPARISON = re.compile(
    r"^\s*\(?\s*\"?([^<>=!\"]+?)\"?\s*(>=|<=|<>|!=|==|=|>|<)\s*([\w.' -]+?)\)?$"
)
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class TakenNames(Record):
    """What the project has already.

    Args:
        domains: that are not of `mlops init`: nobody else writes into them.
        tables: landed tables to their domain.
        models: to their domain.
    """

    domains: tuple[str, ...] = ()
    tables: dict[str, str] = Field(default={})
    models: dict[str, str] = Field(default={})


def identifier_of(text: str) -> str:
    """A lower-case name of letters, digits and `_` that is like a text."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:MOST_CHARACTERS].strip("_")
    if not name:
        return "data"
    return name if name[0].isalpha() else f"t_{name}"


def table_name(source: str) -> str:
    """The name that a file, a folder, or a table of a database suggests."""
    name = PurePosixPath(source).name
    return identifier_of(re.sub(r"(\.(csv|parquet|gz|zst|tsv|txt|duckdb|sqlite|db))+$", "", name))


def label_name_of(expression: str) -> str:
    """What an outcome is called: its column, or what is compared with what."""
    name = expression.strip()
    if re.fullmatch(r"\"?[\w ]+\"?", name) and not name.lower().startswith("case "):
        return identifier_of(name)
    compared = _COMPARISON.match(expression)
    if compared is None:
        return "target"
    column, sign, value = compared.groups()
    return identifier_of(f"{column}_{_SIDES[sign]}_{value}")


def free_domain(wanted: str, taken: TakenNames) -> str:
    """A domain of this name, or one like it."""
    return _free(wanted, set(taken.domains))


def free_model(label_name: str, domain: str, taken: TakenNames) -> str:
    """A model of this label; named after its domain too where another has the name."""
    if label_name not in taken.models and label_name != "target":
        return label_name
    return _free(identifier_of(f"{domain}_{label_name}"), set(taken.models))


def free_table(wanted: str, domain: str, taken: TakenNames) -> str:
    """A table of this name, or of that of its domain too where another domain has it."""
    if taken.tables.get(wanted, domain) == domain:
        return wanted
    others = {table for table, owner in taken.tables.items() if owner != domain}
    return _free(identifier_of(f"{domain}_{wanted}"), others)


def require_name(flag: str, name: str) -> str:
    """A name that was said.

    Raises:
        SpecError: it is none.
    """
    if not _IDENTIFIER.match(name):
        raise SpecError(
            flag, name, f"Write lower-case letters, digits and _, such as '{identifier_of(name)}'."
        )
    return name


def require_free_model(name: str, taken: TakenNames) -> str:
    """A new model's name that was said.

    Raises:
        SpecError: it is none, or a model of other data has it.
    """
    owner = taken.models.get(require_name("name", name))
    if owner is not None:
        raise SpecError(
            "name",
            name,
            f"The domain {owner} has a model of this name, of other data; choose another one.",
        )
    return name


def _free(wanted: str, taken: set[str]) -> str:
    if wanted not in taken:
        return wanted
    numbers = (f"{wanted}_{number}" for number in range(2, len(taken) + 3))
    return next(name for name in numbers if name not in taken)
