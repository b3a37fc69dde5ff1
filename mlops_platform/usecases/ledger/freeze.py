"""Freezing a model: no automation releases a version of it until a person lets it."""

from mlops_platform.clock import moment_text
from mlops_platform.errors import HeldError, LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import FREEZE_KINDS, Decision, NewDecision, Seen


def freeze(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Stop automatic retraining and releases of a model.

    Raises:
        LedgerError: nothing is known of the model, or it is frozen already.
        ReleaseConflict: another person froze it at the same time.
    """
    _refuse_unknown(ledger, model)
    switch = ledger.newest_decision(model, FREEZE_KINDS)
    if switch is not None and switch.kind == "freeze":
        raise LedgerError(f"{model!r} is frozen already, {freeze_text(switch)}.")
    decision = NewDecision(kind="freeze", reason=reason, actor=actor)
    return ledger.record_decision(model, decision, after=[Seen.of(FREEZE_KINDS, switch)])


def unfreeze(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Allow automatic retraining and releases again.

    Raises:
        LedgerError: nothing is known of the model, or it is not frozen.
        ReleaseConflict: another person unfroze it at the same time.
    """
    _refuse_unknown(ledger, model)
    frozen = frozen_by(ledger, model)
    if frozen is None:
        raise LedgerError(f"{model!r} is not frozen.")
    decision = NewDecision(kind="unfreeze", reason=reason, actor=actor)
    return ledger.record_decision(model, decision, after=[Seen.of(FREEZE_KINDS, frozen)])


def frozen_by(ledger: Ledger, model: str) -> Decision | None:
    """The decision by which a model is frozen; None where it is not."""
    switch = ledger.newest_decision(model, FREEZE_KINDS)
    return switch if switch is not None and switch.kind == "freeze" else None


def refuse_frozen(ledger: Ledger, model: str) -> Seen:
    """Refuse what no person asks for of a frozen model.

    Returns:
        What was seen, which whatever is written now rests on.

    Raises:
        HeldError: names who froze it, when, why, and the command that lifts it.
    """
    switch = ledger.newest_decision(model, FREEZE_KINDS)
    if switch is not None and switch.kind == "freeze":
        raise HeldError(
            f"{model!r} is frozen {freeze_text(switch)}. "
            f'`mlops unfreeze {model} --reason "..."` lifts it.'
        )
    return Seen.of(FREEZE_KINDS, switch)


def freeze_text(frozen: Decision) -> str:
    """A freeze in words."""
    return f"by {frozen.actor} since {moment_text(frozen.made_at)}: {frozen.reason}"


def _refuse_unknown(ledger: Ledger, model: str) -> None:
    models = ledger.models()
    if model not in models:
        raise LedgerError(f"nothing is known of {model!r}. Name one of {models}.")
    ledger.require_whole(model)
