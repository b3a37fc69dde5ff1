"""A retired model: nothing is asked of it any more, until a person takes that back."""

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, NewDecision


def record_retirement(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Write that nothing is asked of a model any more.

    Raises:
        LedgerError: it is retired already.
    """
    refuse_retired(ledger, model)
    return ledger.record_decision(model, NewDecision(kind="retire", reason=reason, actor=actor))


def reinstate(ledger: Ledger, model: str, reason: str, actor: str) -> Decision:
    """Take a retirement back.

    Raises:
        LedgerError: the model is not retired.
    """
    if retired_by(ledger, model) is None:
        raise LedgerError(f"{model!r} is not retired.")
    return ledger.record_decision(model, NewDecision(kind="reinstate", reason=reason, actor=actor))


def retired_by(ledger: Ledger, model: str) -> Decision | None:
    """The decision by which a model is retired; None where it is not."""
    last = ledger.decisions(model, limit=1, kinds=("retire", "reinstate"))
    return last[0] if last and last[0].kind == "retire" else None


def retired_models(ledger: Ledger) -> dict[str, Decision]:
    """Every retired model with the decision by which it is."""
    newest = ledger.newest_decisions(("retire", "reinstate"))
    return {model: decision for model, decision in newest.items() if decision.kind == "retire"}


def refuse_retired(ledger: Ledger, model: str) -> None:
    """Refuse to go on with a model that is retired.

    Raises:
        LedgerError: names who retired it, when, why, and the command that takes it back.
    """
    if (retired := retired_by(ledger, model)) is not None:
        raise LedgerError(
            f"{model!r} is retired, {retirement_text(retired)}. "
            f'`mlops retire {model} --undo --reason "..."` takes it back.'
        )


def retirement_text(retired: Decision) -> str:
    """A retirement in words."""
    return f"by {retired.actor} since {retired.made_at:%Y-%m-%d %H:%M} UTC: {retired.reason}"
