"""Records of an old home: paths in them become relative to it."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlops_platform.files import replacing_file, write_text
from mlops_platform.registry.relocation import deepest_first


def relocate_records(records: Path, former: Sequence[Path], saved: Path) -> int:
    """Make paths below a former home relative; the originals are saved before.

    A record that no JSON can be read from stays as it is: whoever asks for it is told.

    Args:
        former: every place where the home is or was.
        saved: folder for the originals of what is changed.

    Returns:
        How many records were changed.
    """
    changed = 0
    for file in sorted(records.rglob("*.json")):
        text = relocated_text(file, former)
        if text is not None:
            with replacing_file(saved / file.relative_to(records)) as temporary:
                shutil.copy2(file, temporary)
            write_text(file, text)
            changed += 1
    return changed


def put_records_back(records: Path, former: Sequence[Path], saved: Path) -> None:
    """Take back what `relocate_records` did; what was written since then stays."""
    for original in sorted(saved.rglob("*.json")):
        file = records / original.relative_to(saved)
        if file.is_file() and file.read_text(encoding="utf-8") == relocated_text(original, former):
            with replacing_file(file) as temporary:
                shutil.copy2(original, temporary)


def relocated_text(file: Path, former: Sequence[Path]) -> str | None:
    """The text of a record with other paths; None where it has none of them."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return None
    moved = _relative(content, tuple(f"{root}/" for root in deepest_first(former)))
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
