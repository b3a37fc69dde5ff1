"""The parts of a model card that only people can write (Mitchell et al. 2019)."""

from pydantic import Field

from mlops_platform.section import Section


class CardSpec(Section):
    """Human parts of the model card; everything else is filled from the run."""

    intended_use: str = Field(min_length=1, description="What the model is for, and for whom.")
    out_of_scope: str = Field(min_length=1, description="What it must not be used for.")
    ethical_considerations: str = Field(
        default="", description="Risks and harms, and what was done about them."
    )
    caveats: str = Field(default="", description="What a reader should know besides.")
    license: str = Field(default="", description="Licence of the model.")
    contact: str = Field(default="", description="Whom to ask.")
