"""The challenger: a version that passed the gate and is on trial, or waits for a person."""

from datetime import datetime
from typing import Any, Final, Literal, Self

from mlops_platform.ledger.ledger import Ledger
from mlops_platform.ledger.records import (
    STANDING_KINDS,
    BentoIdentity,
    Decision,
    PackedVersion,
    VersionIdentity,
)

Mode = Literal["manual", "shadow", "canary"]
CHALLENGER: Final = "challenger"
"""Evidence of a challenge that pins the version; also the name of its alias in the registry."""
CHALLENGE: Final = "challenge"
"""Evidence of every later decision about a challenger: the decision that made it one."""
_TAG: Final = "bento_tag"
_DIGEST: Final = "bento_digest"


class Challenger(PackedVersion):
    """A version on trial, or one that waits for a person; it has no release of its own.

    Args:
        challenge: the decision that made it the challenger.
        sequence: the release that it becomes if it is promoted.
        share: of the entities that it answers; 0 unless it is a canary.
    """

    model: str
    mode: Mode
    share: float
    challenge: int
    sequence: int
    actor: str
    since: datetime

    @property
    def is_tried(self) -> bool:
        """Whether services score with it, beside a champion; else it only waits for a person."""
        return self.mode != "manual"

    @property
    def champion_sequence(self) -> int | None:
        """Release of the champion that it was judged against; None where there was none."""
        return self.sequence - 1 or None

    @property
    def told(self) -> str:
        """What stands, and how, in words."""
        how = f"in {self.mode}" if self.is_tried else "waiting for `mlops approve`"
        return f"version {self.version}, {how} since {self.since:%Y-%m-%d}"

    @classmethod
    def of(cls, challenge: Decision, bento: BentoIdentity | None) -> Self:
        """The version that a decision of the kind `challenge` names."""
        return cls(
            **challenger_identity(challenge).model_dump(),
            model=challenge.model,
            mode=challenge.evidence["mode"],
            share=challenge.evidence["share"],
            challenge=challenge.id,
            sequence=(challenge.evidence["champion_sequence"] or 0) + 1,
            actor=challenge.actor,
            since=challenge.made_at,
            bento_tag=None if bento is None else bento.tag,
            bento_digest=None if bento is None else bento.digest,
        )


def challenger_identity(challenge: Decision) -> VersionIdentity:
    """The version that a decision of the kind `challenge` put on trial."""
    return VersionIdentity.from_mapping(challenge.evidence[CHALLENGER], challenge.row_format)


def standing_challenger(ledger: Ledger, model: str) -> Challenger | None:
    """The challenger of a model: promotion, abort, roll back or a newer one end it."""
    newest = ledger.newest_decision(model, STANDING_KINDS)
    if newest is None or newest.kind != "challenge":
        return None
    packaging = packaging_of(ledger, model, newest.id)
    return Challenger.of(newest, None if packaging is None else bento_in(packaging))


def first_champion_advice(ledger: Ledger, model: str) -> str:
    """What gives a model that has none its first champion."""
    standing = standing_challenger(ledger, model)
    if standing is None:
        return f"call `mlops train {model}` first"
    return f"there is {standing.told}; `mlops approve {model}` releases it"


def packaging_of(ledger: Ledger, model: str, challenge: int) -> Decision | None:
    """The decision that tells the newest Bento of a challenger."""
    packagings = ledger.decisions(model, limit=None, kinds=["package"])
    return next((b for b in packagings if b.evidence[CHALLENGE] == challenge), None)


def packaged(bento: BentoIdentity) -> dict[str, Any]:
    """The evidence of such a decision about a Bento."""
    return {_TAG: bento.tag, _DIGEST: bento.digest}


def bento_in(packaging: Decision) -> BentoIdentity:
    """The Bento that such a decision tells."""
    evidence = packaging.evidence
    return BentoIdentity(tag=evidence[_TAG], digest=evidence.get(_DIGEST))
