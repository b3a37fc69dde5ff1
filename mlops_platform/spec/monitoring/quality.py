"""When the data of a window count as broken."""

from typing import Annotated, Final, Literal

from pydantic import Field

from mlops_platform.section import Section
from mlops_platform.spec.monitoring.levels import LevelsSpec

DAY_FACTOR: Final = 1.6
"""Half of a day is a fault, and a holiday none: Thanksgiving has 1.55 times fewer flights."""


class QualitySpec(Section):
    """Volume, ranges, repeated entities, missing days and empty columns of a window."""

    fewest_rows: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.5, description="Rows of a window, of those of comparable days, that are too few."
    )
    most_rows: Annotated[float, Field(ge=1)] = Field(
        default=2.0, description="Rows of a window, of those of comparable days, that are too many."
    )
    day_factor: Annotated[float, Field(gt=1)] | None = Field(
        default=DAY_FACTOR,
        exclude_if=lambda factor: factor == DAY_FACTOR,
        description=(
            "Times fewer or more rows than comparable days of the reference (of the same weekday, "
            "where it has four) that a single day may have; more where these themselves differ by "
            "more. Null judges only windows as a whole."
        ),
    )
    out_of_range: LevelsSpec = Field(
        default=LevelsSpec(),
        description=(
            "Levels of the share of rows beyond the reference's smallest and greatest value, in "
            "the column that has most of them. Off by default: a new season has many, and the "
            "calibrated alarm judges new values. Declare it where numbers have bounds."
        ),
    )
    severity: Literal["warn", "error"] = Field(
        default="warn",
        description=(
            "Severity of a wrong volume, of repeated entities, of days without rows and of columns "
            "without values."
        ),
    )
