"""What every section of a model's YAML shares."""

from typing import Annotated

from pydantic import Field

from mlops_platform.record import Record

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A lower-case name that is safe as an asset key, a file name and a registry name."""

Share = Annotated[float, Field(ge=0, le=1)]
PositiveDays = Annotated[int, Field(ge=1)]


class Section(Record):
    """A frozen section of the YAML; unknown keys are refused."""
