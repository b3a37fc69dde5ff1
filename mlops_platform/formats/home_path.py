"""HomePath: a path that is stored relative to the home, so that the home can be moved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, SerializationInfo, ValidationInfo


@dataclass(frozen=True)
class Storage:
    """Where and in which format a value is stored: pydantic's context of reading and writing.

    Args:
        home: the root of relative paths; None where paths are stored as they are.
    """

    format: int
    home: Path | None = None


def _from_home(value: Any, info: ValidationInfo) -> Any:
    home = _home_of(info)
    if home is None or Path(value).is_absolute():
        return value
    return home / value


def _to_home(path: Path, info: SerializationInfo) -> str:
    home = _home_of(info)
    if home is None or not path.is_relative_to(home):
        return str(path)
    return path.relative_to(home).as_posix()


def _home_of(info: ValidationInfo | SerializationInfo) -> Path | None:
    return info.context.home if isinstance(info.context, Storage) else None


HomePath = Annotated[
    Path, BeforeValidator(_from_home), PlainSerializer(_to_home, return_type=str, when_used="json")
]
