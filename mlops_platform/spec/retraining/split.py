"""How the training rows are cut into train, validation and test."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from mlops_platform.record import left_out_where
from mlops_platform.section import Identifier, PositiveDays, Section, nearest_name

ResamplingUnit = Literal["day", "row", "group"]
"""What is split, and drawn by every bootstrap, as a whole."""
FEWEST_UNITS: Final = 3
"""With fewer next to nothing is known of how much they differ."""
Part = Annotated[float, Field(gt=0, lt=1)]
_SHARES: Final = ("validation_share", "test_share", "seed", "group")
_DAYS: Final = ("validation_days", "test_days")


class SplitSpec(Section):
    """Time-ordered split: the most recent days test, the days before them validate."""

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            name: f"`{name}` belongs to `by: random`, `stratified` or `group`; days have "
            "`validation_days` and `test_days`"
            for name in _SHARES
        }
    )

    by: Literal["time"] = Field(
        default="time",
        description="`time`; of rows without event time `random`, `stratified` or `group`.",
        exclude_if=left_out_where("time"),
    )
    validation_days: PositiveDays = Field(
        default=14,
        description="Days that choose what no fitted row may, as a threshold.",
    )
    test_days: PositiveDays = Field(default=14, description="Days on which the gate judges.")

    @property
    def unit(self) -> ResamplingUnit:
        """What is split, and drawn by every bootstrap, as a whole."""
        return "day"


class ShareSplitSpec(Section):
    """Split of rows without event time, by the hash of their entity or of their group.

    Where a row falls follows from the seed and its own key: never from the order of the rows, and
    hardly from which others there are.
    """

    retired: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            name: f"`{name}` belongs to `by: time`; write `{name.replace('_days', '_share')}`, "
            "such as 0.2"
            for name in _DAYS
        }
    )

    by: Literal["random", "stratified", "group"] = Field(
        description=(
            "`random`: by entity; `stratified`: likewise within every class of the label; "
            "`group`: all rows that share a value of the column `group` fall together."
        )
    )
    group: Identifier | None = Field(
        default=None,
        description="Categorical or sensitive column of the feature table, where `by: group`.",
    )
    validation_share: Part = Field(
        default=0.2, description="Share of the rows that chooses what no fitted row may."
    )
    test_share: Part = Field(default=0.2, description="Share of the rows on which the gate judges.")
    seed: int = Field(default=0, description="Where each row falls follows from it.")

    @property
    def unit(self) -> ResamplingUnit:
        """What is split, and drawn by every bootstrap, as a whole."""
        return "group" if self.by == "group" else "row"

    @model_validator(mode="after")
    def _something_is_left_to_fit_on(self) -> Self:
        held_out = self.validation_share + self.test_share
        if held_out >= 1:
            raise ValueError(
                f"validation_share={self.validation_share:g} and test_share={self.test_share:g} "
                "leave nothing to fit on; together they must be below 1"
            )
        if (self.by == "group") != (self.group is not None):
            raise ValueError(
                f"`by: {self.by}` with group={self.group}: `by: group` and a column under `group` "
                "belong together; write both or neither"
            )
        return self


_KINDS: Final[Mapping[str, type[SplitSpec | ShareSplitSpec]]] = MappingProxyType(
    {"time": SplitSpec, **dict.fromkeys(("random", "stratified", "group"), ShareSplitSpec)}
)


def _of_its_kind(split: Any) -> Any:
    """The section that `by` names; told apart here, so that errors name it alone."""
    if not isinstance(split, Mapping):
        return split
    by = split.get("by", "time")
    if by not in _KINDS:
        raise ValueError(f"unknown `by: {by}`. {nearest_name('split', str(by), [*_KINDS])}")
    return _KINDS[by].model_validate(split)


AnySplitSpec = Annotated[
    SplitSpec | ShareSplitSpec,
    BeforeValidator(_of_its_kind, json_schema_input_type=SplitSpec | ShareSplitSpec),
]
"""By time, or by shares of the rows."""
