"""What a person has stopped, checked before something is written and again while it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from mlops_platform.errors import ReleaseConflict
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Seen
from mlops_platform.usecases.ledger.freeze import refuse_frozen
from mlops_platform.usecases.ledger.retirement import refuse_retired


@contextmanager
def refusing_held(ledger: Ledger, model: str, *, automatic: bool) -> Iterator[list[Seen]]:
    """Yield what the decision that is written inside has to rest on.

    Args:
        automatic: no person asks for it, so that a freeze holds it as well.

    Raises:
        HeldError: the model was retired or frozen before, or in the moment of writing.
    """
    rests_on = _refuse_held(ledger, model, automatic)
    try:
        yield rests_on
    except ReleaseConflict:
        _refuse_held(ledger, model, automatic)
        raise


def _refuse_held(ledger: Ledger, model: str, automatic: bool) -> list[Seen]:
    retirement = refuse_retired(ledger, model)
    return [retirement, refuse_frozen(ledger, model)] if automatic else [retirement]
