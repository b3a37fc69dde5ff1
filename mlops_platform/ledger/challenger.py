"""The challenger: a version that passed the gate and stands beside the champion on trial."""

from datetime import datetime
from typing import Final, Literal, Self

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import STANDING_KINDS, Decision, VersionIdentity

Mode = Literal["shadow", "canary"]
CHALLENGER: Final = "challenger"
"""Evidence of a challenge that pins the version; also the name of its alias in the registry."""
CHALLENGE: Final = "challenge"
"""Evidence of every later decision about a challenger: the decision that made it one."""


class Challenger(VersionIdentity):
    """A version on trial; it has no release of its own.

    Args:
        challenge: the decision that made it the challenger.
        sequence: the release that it becomes if it is promoted.
        share: of the entities that it answers; 0 in the shadow.
        bento_tag: None until its Bento is built.
    """

    model: str
    mode: Mode
    share: float
    challenge: int
    sequence: int
    actor: str
    since: datetime
    bento_tag: str | None

    @classmethod
    def of(cls, challenge: Decision, bento_tag: str | None) -> Self:
        """The version that a decision of the kind `challenge` names."""
        return cls(
            **challenger_identity(challenge).model_dump(),
            model=challenge.model,
            mode=challenge.evidence["mode"],
            share=challenge.evidence["share"],
            challenge=challenge.id,
            sequence=challenge.evidence["champion_sequence"] + 1,
            actor=challenge.actor,
            since=challenge.made_at,
            bento_tag=bento_tag,
        )


def challenger_identity(challenge: Decision) -> VersionIdentity:
    """The version that a decision of the kind `challenge` put on trial."""
    return VersionIdentity.from_mapping(challenge.evidence[CHALLENGER], challenge.row_format)


def standing_challenger(ledger: Ledger, model: str) -> Challenger | None:
    """The challenger of a model: promotion, abort, roll back or a newer one end it."""
    newest = ledger.decisions(model, limit=1, kinds=STANDING_KINDS)
    if not newest or newest[0].kind != "challenge":
        return None
    return Challenger.of(newest[0], _bento_of(ledger, newest[0]))


def _bento_of(ledger: Ledger, challenge: Decision) -> str | None:
    """Tag of the newest Bento that was built of a challenger."""
    packagings = ledger.decisions(challenge.model, kinds=["package"])
    for built in packagings:
        if built.evidence[CHALLENGE] == challenge.id:
            return str(built.evidence["bento_tag"])
    return None
