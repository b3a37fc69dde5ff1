"""The types that columns land in: DuckDB's names, Arrow's types, and which holds which."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from mlops_platform.data.engine import private_duckdb
from mlops_platform.data.types import in_canonical_types
from mlops_platform.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa

NULL: Final = "NULL"
"""Type of a column that has had no value yet, in homes of before; any other type holds it."""
TEXT, MOMENT, LOCAL_TIME, DATE = "VARCHAR", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP", "DATE"
INTEGERS: Final = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "UBIGINT": (0, 2**64 - 1),
}
"""Whole numbers by what they hold."""
FLOATS: Final = {"FLOAT": 2**24, "DOUBLE": 2**53}
"""Floating numbers by the whole numbers that they hold one by one."""
NUMBERS: Final = (*INTEGERS, *FLOATS)
ARROW: Final = {
    NULL: "null",
    "BOOLEAN": "bool",
    "TINYINT": "int8",
    "UTINYINT": "uint8",
    "SMALLINT": "int16",
    "USMALLINT": "uint16",
    "INTEGER": "int32",
    "UINTEGER": "uint32",
    "BIGINT": "int64",
    "UBIGINT": "uint64",
    "FLOAT": "float",
    "DOUBLE": "double",
    DATE: "date32[day]",
    LOCAL_TIME: "timestamp[us]",
    TEXT: "string",
    MOMENT: "timestamp[us, tz=UTC]",
}
"""How Arrow writes each type, of those that are canonical; a wider one comes later."""
DUCKDB: Final = {arrow: name for name, arrow in ARROW.items()} | {"halffloat": "FLOAT"}


def duckdb_type(kind: pa.DataType) -> str:
    """DuckDB's name of a canonical Arrow type."""
    return DUCKDB[str(kind)]


def arrow_type(name: str) -> pa.DataType:
    """The Arrow type that a column of a landed type has."""
    import pyarrow as pa

    if name == MOMENT:
        return pa.timestamp("us", tz="UTC")
    return pa.type_for_alias(ARROW[name])


@cache
def landed_type(spelled: str) -> str:
    """The landed type that somebody spells in any way that DuckDB reads.

    Raises:
        DataError: DuckDB has no such type, or it is none that lands.
    """
    import duckdb

    with private_duckdb() as connection:
        try:
            nothing = connection.sql(f"SELECT CAST(NULL AS {spelled}) AS value").to_arrow_table()
            return duckdb_type(in_canonical_types(nothing).schema.field(0).type)
        except (duckdb.Error, DataError) as error:
            usual = ", ".join(name for name in ARROW if name != NULL)
            raise DataError(
                f"types: '{spelled}' is no type that lands. Choose from {usual}."
            ) from error


def is_wider(wide: str, narrow: str) -> bool:
    """Whether every value of a type is one of another type, too, as a rule.

    Of BIGINT and UBIGINT in DOUBLE it is so up to 2**53: who declares that looks at the values.
    """
    if narrow == NULL:
        return True
    if narrow == wide:
        return False
    if wide == TEXT:
        # The text of a moment depends on the zone of whoever reads it.
        return narrow != MOMENT
    if wide == LOCAL_TIME:
        return narrow == DATE
    if narrow in INTEGERS and wide in INTEGERS:
        (lowest, highest), (least, most) = INTEGERS[narrow], INTEGERS[wide]
        return least <= lowest and highest <= most
    if wide in FLOATS:
        return narrow == "FLOAT" or (
            narrow in INTEGERS and (wide == "DOUBLE" or INTEGERS[narrow][1] <= FLOATS[wide])
        )
    return False


def common_type(one: str, other: str) -> str | None:
    """The narrowest type that holds both; None where there is none."""
    return next((name for name in ARROW if _holds(name, one) and _holds(name, other)), None)


def _holds(wide: str, narrow: str) -> bool:
    return wide == narrow or is_wider(wide, narrow)
