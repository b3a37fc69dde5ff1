"""The present of a model: the machine's clock, or the moment that a replay of it has reached."""

from datetime import UTC, datetime
from pathlib import Path

from mlops_platform.errors import SettingsError
from mlops_platform.files import write_text


def moment_text(moment: datetime, timespec: str = "minutes") -> str:
    """A moment as every command, report and message shows it, such as ``2013-06-10 10:00 UTC``.

    Args:
        timespec: how exactly, as `datetime.isoformat` takes it.
    """
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', timespec)} UTC"


def present(clock: Path) -> datetime:
    """The moment at which a model is.

    Args:
        clock: file that a replay of the model keeps; the machine's clock counts where it is not.

    Raises:
        SettingsError: as `replayed_moment`.
    """
    return replayed_moment(clock) or datetime.now(UTC)


def replayed_moment(clock: Path) -> datetime | None:
    """The moment that a replay has reached; None where nothing is replayed.

    Raises:
        SettingsError: the file holds no moment with an offset.
    """
    try:
        text = clock.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    moment = aware_moment(text)
    if moment is None:
        raise SettingsError(
            f"{clock} holds {text!r}, which is no moment with an offset. Delete the file to go "
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


def move_to(clock: Path, moment: datetime) -> None:
    """Let a replay reach a moment; time never runs backwards.

    Raises:
        SettingsError: the replay is past that moment.
    """
    reached = replayed_moment(clock)
    if reached is not None and reached > moment:
        raise SettingsError(
            f"the replay of {clock.name} is at {reached} and cannot go back to {moment}. Start "
            "another one in an MLOPS_HOME of its own."
        )
    write_text(clock, moment.isoformat() + "\n")
