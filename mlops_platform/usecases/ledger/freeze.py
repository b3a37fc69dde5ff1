"""Freezing a model: no automation releases a version of it until a person lets it."""

from mlops_platform.clock import moment_text
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision


def freeze(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Stop automatic retraining and releases of a model.

    Raises:
        LedgerError: nothing is known of the model, or it is frozen already.
    """
    _refuse_unknown(ledger, model)
    if (frozen := frozen_by(ledger, model)) is not None:
        raise LedgerError(f"{model!r} is frozen already, {freeze_text(frozen)}.")
    return ledger.record_decision(model, NewDecision(kind="freeze", reason=reason, actor=actor))


def unfreeze(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Allow automatic retraining and releases again.

    Raises:
        LedgerError: nothing is known of the model, or it is not frozen.
    """
    _refuse_unknown(ledger, model)
    if frozen_by(ledger, model) is None:
        raise LedgerError(f"{model!r} is not frozen.")
    return ledger.record_decision(model, NewDecision(kind="unfreeze", reason=reason, actor=actor))


def frozen_by(ledger: Ledger, model: str) -> Decision | None:
    """The decision by which a model is frozen; None where it is not."""
    last = ledger.decisions(model, limit=1, kinds=("freeze", "unfreeze"))
    return last[0] if last and last[0].kind == "freeze" else None


def freeze_text(frozen: Decision) -> str:
    """A freeze in words."""
    return f"by {frozen.actor} since {moment_text(frozen.made_at)}: {frozen.reason}"


def _refuse_unknown(ledger: Ledger, model: str) -> None:
    models = ledger.models()
    if model not in models:
        raise LedgerError(f"nothing is known of {model!r}. Name one of {models}.")
