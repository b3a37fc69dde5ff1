"""A retired model: nothing is asked of it any more, until a person takes that back."""

from mlops_platform.errors import HeldError, LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    RETIREMENT_KINDS,
    Decision,
    NewDecision,
    Seen,
)


def record_retirement(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Write that nothing is asked of a model any more.

    Raises:
        HeldError: it is retired already.
        ReleaseConflict: another person retired it at the same time.
    """
    ledger.require_whole(model)
    seen = refuse_retired(ledger, model)
    decision = NewDecision(kind="retire", reason=reason, actor=actor)
    return ledger.record_decision(model, decision, after=[seen])


def reinstate(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Take a retirement back.

    Raises:
        LedgerError: the model is not retired.
        ReleaseConflict: another person took it back at the same time.
    """
    ledger.require_whole(model)
    retired = retired_by(ledger, model)
    if retired is None:
        raise LedgerError(f"{model!r} is not retired.")
    decision = NewDecision(kind="reinstate", reason=reason, actor=actor)
    return ledger.record_decision(model, decision, after=[Seen.of(RETIREMENT_KINDS, retired)])


def retired_by(ledger: Ledger, model: str) -> Decision | None:
    """The decision by which a model is retired; None where it is not."""
    switch = ledger.newest_decision(model, RETIREMENT_KINDS)
    return switch if switch is not None and switch.kind == "retire" else None


def retired_models(ledger: Ledger) -> dict[str, Decision]:
    """Every retired model with the decision by which it is."""
    newest = ledger.newest_decisions(RETIREMENT_KINDS)
    return {model: decision for model, decision in newest.items() if decision.kind == "retire"}


def refuse_retired(ledger: Ledger, model: str) -> Seen:
    """Refuse to go on with a model that is retired.

    Returns:
        What was seen, which whatever is written now rests on.

    Raises:
        HeldError: names who retired it, when, why, and the command that takes it back.
    """
    switch = ledger.newest_decision(model, RETIREMENT_KINDS)
    if switch is not None and switch.kind == "retire":
        raise HeldError(
            f"{model!r} is retired, {retirement_text(switch)}. "
            f'`mlops retire {model} --undo --reason "..."` takes it back.'
        )
    return Seen.of(RETIREMENT_KINDS, switch)


def retirement_text(retired: Decision) -> str:
    """A retirement in words."""
    return f"by {retired.actor} since {retired.made_at:%Y-%m-%d %H:%M} UTC: {retired.reason}"
