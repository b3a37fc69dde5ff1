"""The present of one deployment: the machine's clock, or the moment that a replay has reached."""

from datetime import UTC, datetime
from pathlib import Path

from mlops_platform.errors import SettingsError
from mlops_platform.files import write_text


def present(replayed: Path) -> datetime:
    """The moment at which this deployment is.

    Args:
        replayed: file that a replay of history keeps; the machine's clock counts where it is not.

    Raises:
        SettingsError: the file holds no moment with an offset.
    """
    if not replayed.is_file():
        return datetime.now(UTC)
    text = replayed.read_text(encoding="utf-8").strip()
    moment = aware_moment(text)
    if moment is None:
        raise SettingsError(
            f"{replayed} holds {text!r}, which is no moment with an offset. Delete the file to go "
            "by the machine's clock."
        )
    return moment


def aware_moment(text: str) -> datetime | None:
    """The moment that a text names in ISO 8601 with an offset; None where it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def move_to(replayed: Path, moment: datetime) -> None:
    """Let a replay reach a moment; time never runs backwards.

    Raises:
        SettingsError: the replay is past that moment.
    """
    if replayed.is_file() and present(replayed) > moment:
        raise SettingsError(
            f"the replay is at {present(replayed)} and cannot go back to {moment}. Delete the "
            "whole MLOPS_HOME to start another one."
        )
    write_text(replayed, moment.isoformat() + "\n")
