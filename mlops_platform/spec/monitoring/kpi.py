"""What the business counts of each predicted row, such as its cost or revenue."""

from typing import Annotated

from pydantic import Field

from mlops_platform.section import Identifier, Section


class KpiSpec(Section):
    """A published table with figures of the business, which meet predictions by key and time."""

    table: Identifier = Field(
        description=(
            "Published dbt table with the `entity` and `partition` of the features: one row of "
            "each, or its versions with `known_at` and `superseded_at`, as label tables have them."
        )
    )
    columns: Annotated[dict[Identifier, str], Field(min_length=1)] = Field(
        description=(
            "Numeric columns, and in what each is counted: they are summed and averaged by version "
            "and decision. NULL is not known."
        ),
        examples=[{"delay_minutes": "minutes"}],
    )
    known_at: Identifier = Field(
        default="known_at", description="Column with the moment at which a row became known."
    )
