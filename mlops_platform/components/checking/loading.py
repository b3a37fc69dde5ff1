"""What only loading everything tells: the last net, for what no other check looks for."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg

from mlops_platform.components.checking.mistake import Mistake, shown_file
from mlops_platform.errors import MlopsError

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>\d+): (?P<problem>.*)")


def unloadable(load: Callable[[], dg.Definitions], defs: Path) -> Iterator[Mistake]:
    """What Dagster, or a component, refuses.

    Args:
        load: everything, as a run loads it.
        defs: folder of the YAML files, named where nothing says which.
    """
    try:
        dg.Definitions.validate_loadable(load())
    except Exception as error:  # whatever it is, it is told, not swallowed
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        lines = str(cause).splitlines() if isinstance(cause, MlopsError) else [_plain(cause)]
        for line in lines:
            place = _PLACE.fullmatch(line)
            if place is None:
                yield Mistake(file=shown_file(defs), problem=line)
            else:
                file = shown_file(Path(place["file"]))
                yield Mistake(file=file, line=int(place["line"]), problem=place["problem"])


def _plain(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
