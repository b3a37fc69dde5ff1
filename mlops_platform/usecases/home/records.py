"""Records of an old home: paths in them become relative to it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_platform.files import write_text


def relocated_records(records: Path, former: Sequence[Path], target: Path) -> int:
    """Copy all records to a new folder, paths below a former home made relative.

    A record that no JSON can be read from is copied as it is: whoever asks for it is told.

    Args:
        records: the folder as it is; it stays.
        former: every place where the home is or was.

    Returns:
        How many records were changed.
    """
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    roots, changed = tuple(f"{root}/" for root in former), 0
    for file in sorted(records.rglob("*")):
        copy = target / file.relative_to(records)
        if file.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        text = _relocated(file, roots)
        if text is None:
            shutil.copy2(file, copy)
        else:
            write_text(copy, text)
            changed += 1
    return changed


def _relocated(file: Path, roots: tuple[str, ...]) -> str | None:
    """The text of a record with other paths; None where it has none of them."""
    try:
        text = file.read_text(encoding="utf-8")
        content = json.loads(text)
    except ValueError:
        return None
    moved = _relative(content, roots)
    return None if moved == content else json.dumps(moved, indent=2) + "\n"


def _relative(value: Any, roots: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _relative(content, roots) for key, content in value.items()}
    if isinstance(value, list):
        return [_relative(content, roots) for content in value]
    if isinstance(value, str):
        for root in roots:
            if value.startswith(root):
                return value.removeprefix(root)
    return value
