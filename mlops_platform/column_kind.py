"""ColumnKind: what a feature is wherever it goes, from the published table to the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

KindName = Literal["numeric", "categorical", "boolean", "text"]
Value = float | str | bool | None
"""What JSON holds of a feature; None where it is missing."""

LARGEST_NUMBER: Final = 1e30
"""Of a feature or an outcome: larger ones overflow in scalers, single-precision trees and sums."""
_NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


@dataclass(frozen=True)
class ColumnKind:
    """One kind of feature column, as each part of the platform holds its values.

    Args:
        sql_type: in which it is handed on from the published table, to training sets and windows.
        published_types: beginnings of the SQL types in which it may be published, the usual first.
        json_type: of a value in requests, golden rows, logs and the online store; strictly this.
        dtype: of the frame that pipelines see: `float64` with NaN, or `object` with None.
        arrow_type: alias of the Arrow type in which logged values land.
        mlflow_type: of the column in the signature of a registered model.
        example: a value as JSON holds it.
    """

    name: KindName
    sql_type: str
    published_types: tuple[str, ...]
    json_type: type[float] | type[str] | type[bool]
    dtype: Literal["float64", "object"]
    arrow_type: str
    mlflow_type: str
    example: float | str | bool

    @property
    def is_number(self) -> bool:
        """Whether pipelines and profiles see numbers."""
        return self.dtype == "float64"

    def to_json(self, value: Any) -> Value:
        """A value of the frame, NaN and None being missing, as JSON holds it."""
        return None if value is None or value != value else self.json_type(value)


# 1.0 and 0.0: imputers fill a NaN, scalers and linear models take the number, and trees split at
# it or send a NaN their way. pandas has no boolean with missing values but `object`, which
# scikit-learn takes for categories, and its own `boolean`, whose NA most estimators refuse.
_BOOLEAN: Final = ColumnKind(
    name="boolean",
    sql_type="DOUBLE",
    published_types=("BOOLEAN",),
    json_type=bool,
    dtype="float64",
    arrow_type="bool",
    mlflow_type="boolean",
    example=True,
)

KINDS: Final[Mapping[KindName, ColumnKind]] = MappingProxyType(
    {
        "numeric": ColumnKind(
            name="numeric",
            sql_type="DOUBLE",
            published_types=(*_NUMBERS, *(f"U{name}" for name in _NUMBERS), "BOOLEAN"),
            json_type=float,
            dtype="float64",
            arrow_type="double",
            mlflow_type="double",
            example=1.5,
        ),
        "categorical": ColumnKind(
            name="categorical",
            sql_type="VARCHAR",
            published_types=("VARCHAR", "ENUM", "BOOLEAN", "UUID", *_NUMBERS),
            json_type=str,
            dtype="object",
            arrow_type="string",
            mlflow_type="string",
            example="a",
        ),
        "boolean": _BOOLEAN,
        "text": ColumnKind(
            name="text",
            sql_type="VARCHAR",
            published_types=("VARCHAR",),
            json_type=str,
            dtype="object",
            arrow_type="string",
            mlflow_type="string",
            example="some words of a text",
        ),
    }
)
"""Every kind, in the order in which pipelines see the columns of each."""
