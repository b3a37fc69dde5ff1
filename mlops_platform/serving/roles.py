"""Which version answers a request, and which one only watches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlops_platform.serving.served_version import ServedVersion

Role = Literal["champion", "challenger", "shadow"]
"""`champion` and `challenger` answer; `shadow` scores after the response and is only logged."""


@dataclass(frozen=True)
class Roles:
    """The versions of one moment; a request reads this once, a swap replaces it whole.

    Args:
        canary_share: share of entities that the challenger answers; 0 keeps it in the shadow.
    """

    champion: ServedVersion
    challenger: ServedVersion | None = None
    canary_share: float = 0.0

    def answering(self, entity: str | None) -> tuple[ServedVersion, Role]:
        """The version that answers for an entity; without one it is the champion."""
        if self.challenger is not None and entity is not None:
            release = self.challenger.release
            if position(release.model, release.version, entity) < self.canary_share:
                return self.challenger, "challenger"
        return self.champion, "champion"

    @property
    def shadow(self) -> ServedVersion | None:
        """The version that scores unseen, if any."""
        return self.challenger if self.canary_share == 0 else None


def position(model: str, version: str, entity: str) -> float:
    """Where an entity stands in [0, 1), the same in every process and for all of a canary."""
    digest = hashlib.sha256(f"{model}:{version}:{entity}".encode()).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
