"""A retraining that the policy only suggests: a person has it made, or declines it."""

from typing import Final, Literal

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import Decision, DecisionKind, NewDecision, Seen
from mlops_platform.usecases.ledger.freeze import freeze_text, frozen_by

SUGGESTION: Final = "suggestion"
"""Evidence of an answer: the decision that it answers."""
_ENDINGS: Final[tuple[DecisionKind, ...]] = (
    "retrain",
    "decline",
    "reject",
    "challenge",
    "promote",
    "roll_back",
)
"""An answer, the verdict of another training, or another champion."""
_KINDS: Final = ("suggest", *_ENDINGS)


def open_suggestion(ledger: Ledger, model: str) -> Decision | None:
    """The suggestion that nobody has answered and nothing has made superfluous."""
    newest = ledger.newest_decision(model, _KINDS)
    return newest if newest is not None and newest.kind == "suggest" else None


def require_suggestion(ledger: Ledger, model: str) -> Decision:
    """The suggestion that waits for an answer.

    Raises:
        LedgerError: there is none.
    """
    suggestion = open_suggestion(ledger, model)
    if suggestion is None:
        raise LedgerError(
            f"no retraining of {model!r} waits for an answer. One does after the policy has "
            "suggested it, where the model's YAML says `retraining: {suggest_only: true}`."
        )
    return suggestion


def suggestion_text(suggestion: Decision) -> str:
    """A suggestion, for a sentence that begins with what is suggested."""
    return (
        f"suggested since {suggestion.made_at:%Y-%m-%d} (decision {suggestion.id}); "
        f"`mlops approve {suggestion.model}` answers"
    )


def approve_suggestion(
    ledger: Ledger, suggestion: Decision, *, reason: str, actor: str
) -> Decision:
    """Ask for the suggested retraining; the sensor starts it.

    Raises:
        LedgerError: the model is frozen, so that the training could release nothing.
        ReleaseConflict: the suggestion was answered meanwhile, or something has ended it.
    """
    if (frozen := frozen_by(ledger, suggestion.model)) is not None:
        raise LedgerError(
            f"{suggestion.model!r} is frozen {freeze_text(frozen)}. What a training of it "
            f"finds would not be released: `mlops unfreeze {suggestion.model}` first."
        )
    return _answer(ledger, suggestion, "retrain", reason, actor)


def decline_suggestion(
    ledger: Ledger, suggestion: Decision, *, reason: str, actor: str
) -> Decision:
    """Have nothing trained; the policy suggests nothing more until its cooldown is over.

    Raises:
        ReleaseConflict: the suggestion was answered meanwhile, or something has ended it.
    """
    return _answer(ledger, suggestion, "decline", reason, actor)


def _answer(
    ledger: Ledger,
    suggestion: Decision,
    kind: Literal["retrain", "decline"],
    reason: str,
    actor: str,
) -> Decision:
    answer = NewDecision(
        kind=kind,
        reason=reason,
        actor=actor,
        evidence={SUGGESTION: suggestion.id},
        window=suggestion.window,
    )
    rests_on = Seen.of(_KINDS, suggestion)
    return ledger.record_decision(suggestion.model, answer, after=[rests_on])
