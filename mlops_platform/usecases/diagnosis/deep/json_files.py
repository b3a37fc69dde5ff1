"""Whether every JSON file of a home can be read: records of assets, cards and reports."""

import json
import shlex
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final

from mlops_platform.settings import Settings
from mlops_platform.usecases.diagnosis.deep.finished_files import finished_files
from mlops_platform.usecases.diagnosis.fault import Fault, Severity
from mlops_platform.usecases.diagnosis.looking import RESTORE
from mlops_platform.usecases.home.contents import MADE_AGAIN

Launch = Callable[[str], str]
LOOKED_AT_OTHERWISE: Final = (
    *("bentos/*", "registry/*", "lake/landing/*", "lake/features/*"),
    *("models/*/ledger_heads.json", "models/*/release.json", "models/*/challenger.json"),
    *(f"{made}/*" for made in MADE_AGAIN if not made.endswith(".json")),
)
"""Verified by digest, by `mlops doctor` itself, or made again where they are missing."""


def faults_of_json_files(settings: Settings, launch: Launch) -> Iterator[Fault]:
    """Every JSON file that nothing else verifies.

    Args:
        launch: the command that runs jobs and assets.
    """
    for file in finished_files(settings.home, ".json"):
        place = file.relative_to(settings.home).as_posix()
        if any(fnmatch(place, pattern) for pattern in LOOKED_AT_OTHERWISE):
            continue
        try:
            json.loads(file.read_bytes())
        except (ValueError, OSError) as error:
            severity, cure = _judged(settings, file, launch)
            yield Fault(
                severity=severity, what=f"cannot be read: {error}", where=str(file), cure=cure
            )


def _judged(settings: Settings, file: Path, launch: Launch) -> tuple[Severity, str]:
    """How bad it is that a file cannot be read, and the cure."""
    removed = f"rm {shlex.quote(str(file))}"
    if file.is_relative_to(settings.records / "latest"):
        record = file.relative_to(settings.records / "latest")
        return "error", f"{removed} && {_record_again(record, launch)}"
    if file.is_relative_to(settings.records):
        return "warning", f"{removed}   # only a re-execution of that run reads it"
    if file.parent.name == "backtest":
        return "warning", f"{removed} && mlops backtest {file.parent.parent.name}"
    return "warning", RESTORE


def _record_again(record: Path, launch: Launch) -> str:
    """The command that makes the asset of a record again, for its window where it has one."""
    asset, *window = record.with_suffix("").parts
    model, _, name = asset.partition("__")
    if window:
        return f"mlops watch {model} {window[0]}"
    if name == "bento":
        # Another version of the platform packs another one, which takes no other's place.
        return "mlops doctor   # names how it is packed again"
    return launch(f"--assets 'key:\"{asset.replace('__', '/')}\"'")
