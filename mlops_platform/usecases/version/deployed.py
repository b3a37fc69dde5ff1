"""DeployedVersion: what became of a version that passed the gate."""

from datetime import datetime
from typing import Literal, Self

from mlops_platform.ledger.challenger import Challenger
from mlops_platform.ledger.records import PackedVersion, Release


class DeployedVersion(PackedVersion):
    """A version as the run that trained it leaves it: the champion, or on trial beside it.

    Args:
        sequence: its release; of a challenger the one that it becomes if it is promoted.
        decision_id: what made it the champion or the challenger.
        since: when that was decided.
    """

    model: str
    role: Literal["champion", "challenger"]
    sequence: int
    decision_id: int
    actor: str
    since: datetime

    @classmethod
    def released(cls, release: Release) -> Self:
        """A champion."""
        fields = release.model_dump(include=set(cls.model_fields))
        return cls(**fields, role="champion", since=release.released_at)

    @classmethod
    def challenging(cls, challenger: Challenger) -> Self:
        """A challenger."""
        fields = challenger.model_dump(include=set(cls.model_fields))
        return cls(**fields, role="challenger", decision_id=challenger.challenge)
