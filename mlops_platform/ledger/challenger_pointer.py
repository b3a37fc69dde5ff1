"""The challenger pointer: from it the service learns what runs beside the champion, and how."""

from pathlib import Path
from typing import Self

from pydantic import ValidationError

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import Challenger, Mode
from mlops_platform.ledger.ledger_rows import LedgerRow
from mlops_platform.ledger.pointer import ReleasePointer


class ChallengerPointer(ReleasePointer):
    """A projection of the standing challenger; `released_at` is when its trial began.

    Args:
        sequence: the release that it becomes if it is promoted.
        share: of the entities that it answers; 0 in the shadow.
        challenge: the decision that made it the challenger.
    """

    mode: Mode
    share: float
    challenge: int

    @classmethod
    def to(cls, challenger: Challenger, rows: tuple[LedgerRow, ...] = ()) -> Self:
        """Pointer to a challenger."""
        fields = challenger.model_dump(exclude={"actor", "since"})
        return cls(**fields, released_at=challenger.since, rows=rows)


def read_challenger_pointer(path: Path) -> ChallengerPointer | None:
    """Pointer at `path`, or None where nothing is on trial.

    Raises:
        LedgerError: the file is no challenger pointer.
    """
    try:
        return ChallengerPointer.from_stored(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise LedgerError(
            f"{path} is no challenger pointer: {error.errors(include_url=False)}. "
            "Reconcile the projections to write it anew from the ledger."
        ) from error
