"""Record: a frozen value that one asset hands to the next as JSON."""

from collections.abc import Callable, Mapping, Set
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import from_json, to_json

from mlops_platform.formats.home_path import Storage
from mlops_platform.formats.number import FORMAT, refuse_newer
from mlops_platform.formats.plain_json import plain_json
from mlops_platform.formats.upgrades import upgraded

FORMAT_KEY = "format"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def left_out_where_empty(value: object) -> bool:
    """Whether a field that was added later is not written: then what is written is as before it."""
    return not value


def left_out_where(default: object) -> Callable[[object], bool]:
    """As `left_out_where_empty`, of a field whose default is not empty."""
    return lambda value: value == default


class Record(BaseModel):
    """Immutable and strict; what was written in an older format is read as today's."""

    # NaN stays NaN in JSON: as null it could not be read back, and the gate must see it.
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="constants")

    def to_stored(
        self,
        home: Path | None = None,
        *,
        exclude: Set[str] = frozenset(),
        indent: int | None = 2,
        stored_format: int = FORMAT,
    ) -> str:
        """JSON that says its format, to be kept for longer than this version of the platform.

        Args:
            home: paths below it are written relative to it.
            exclude: fields that the reader adds.
            indent: of each level; all on one line where None.
            stored_format: an older one, of which all that is written still is, for readers that
                were made then; 0 is not said.
        """
        context = Storage(stored_format, home)
        content = self.model_dump(mode="json", exclude=set(exclude), context=context)
        head = {FORMAT_KEY: stored_format} if stored_format else {}
        stored = to_json({**head, **content}, indent=indent, inf_nan_mode="constants")
        return stored.decode() + "\n"

    def to_public(self, indent: int | None = None) -> str:
        """JSON for any reader: a number that is none is null, and cannot be read back."""
        return plain_json(self.model_dump(mode="json"), indent=indent)

    @classmethod
    def from_stored(
        cls, content: bytes | str, home: Path | None = None, added: Mapping[str, Any] = _NOTHING
    ) -> Self:
        """Read what `to_stored` wrote, in this version or in an older one.

        Args:
            added: fields that were excluded.

        Raises:
            ValidationError: it is no such record.
            FormatError: a newer version has written it.
        """
        try:
            mapping = from_json(content)
        except ValueError:
            mapping = None
        stored_format = mapping.pop(FORMAT_KEY, 0) if isinstance(mapping, dict) else None
        if not isinstance(stored_format, int):
            # Pydantic's own error says what is wrong.
            return cls.model_validate_json(content)
        return cls.from_mapping({**mapping, **added}, stored_format, home)

    @classmethod
    def from_mapping(
        cls, value: Mapping[str, Any], stored_format: int, home: Path | None = None
    ) -> Self:
        """Read a mapping that was stored inside something else, which says the format.

        Raises:
            ValidationError: it is no such record.
            FormatError: a newer version has written it.
        """
        refuse_newer(stored_format, f"a stored {cls.__name__}")
        return cls.model_validate(dict(value), context=Storage(stored_format, home))

    @model_validator(mode="before")
    @classmethod
    def _upgrade(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Storage) and isinstance(value, dict):
            value = upgraded(cls.__name__, value, info.context.format)
        return cls._accepted(value)

    @classmethod
    def _accepted(cls, value: Any) -> Any:
        """What is validated: a subclass may refuse here what its fields cannot."""
        return value
