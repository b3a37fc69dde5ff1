"""What every section of a model's YAML shares."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_core import InitErrorDetails

from mlops_platform.record import Record

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
"""A lower-case name that is safe as an asset key, a file name and a registry name."""

Share = Annotated[float, Field(ge=0, le=1)]
PositiveDays = Annotated[int, Field(ge=1)]


def nearest_name(kind: str, name: str, names: Sequence[str]) -> str:
    """Tell the fix for an unknown name: the known one that looks like it, or all of them."""
    close = get_close_matches(name, names, n=1)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Name a known {kind}: {', '.join(names) or 'there is none'}."


class Section(Record):
    """A frozen section of the YAML; unknown keys are refused, each with its nearest known one.

    Attributes:
        retired: keys that there once were, with what to do about them.
    """

    retired: ClassVar[Mapping[str, str]] = MappingProxyType({})

    @classmethod
    def _accepted(cls, attributes: Any) -> Any:
        if isinstance(attributes, dict):
            unknown = [key for key in attributes if key not in cls.model_fields]
            if unknown:
                raise ValidationError.from_exception_data(
                    cls.__name__, [cls._unknown_key(key, attributes[key]) for key in unknown]
                )
        return attributes

    @classmethod
    def _unknown_key(cls, key: object, value: object) -> InitErrorDetails:
        nearest = nearest_name("attribute", str(key), list(cls.model_fields))
        fix = cls.retired.get(str(key), f"unknown attribute. {nearest}")
        return InitErrorDetails(
            type="value_error",
            loc=(str(key),),
            input=value,
            ctx={"error": fix},
        )
