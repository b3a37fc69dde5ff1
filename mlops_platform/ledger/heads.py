"""The newest row of every chain of a model, written down outside of the ledger."""

from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from mlops_platform.errors import LedgerError
from mlops_platform.files import write_text
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.record import Record


class Heads(Record):
    """Hash of the newest row of a model in every chain that has one."""

    newest: dict[str, str]


def read_heads(file: Path) -> Heads:
    """What was written down last; nothing where nothing was, or it is damaged."""
    try:
        return Heads.from_stored(file.read_bytes())
    except (OSError, ValidationError):
        return Heads(newest={})


def keep_heads(file: Path, ledger: Ledger, model: str) -> None:
    """Write down the newest rows of a model, unless what was written down is lost.

    A disk that takes nothing, or a ledger that is busy, costs this and not the row that was
    written.
    """
    with suppress(OSError, LedgerError):
        if not ledger.lost_hashes(model, read_heads(file).newest.values()):
            write_heads(file, ledger, model)


def heads_problem(file: Path, ledger: Ledger, model: str) -> str | None:
    """What is wrong with what was written down of a model; None where it is what the ledger says.

    Args:
        ledger: that has lost no rows.
    """
    newest = ledger.newest_hashes(model)
    written = read_heads(file).newest
    if written == newest:
        return None
    if not file.is_file():
        return "missing"
    stale = sorted(name for name in newest if written.get(name) != newest[name])
    return f"not those of {', '.join(stale)}" if written else "unreadable"


def write_heads(file: Path, ledger: Ledger, model: str) -> None:
    """Write down the newest rows of a model, whatever was written down."""
    write_text(file, Heads(newest=ledger.newest_hashes(model)).to_stored())
