"""Where the rows of an online store lie, whatever the store is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from mlops_platform.errors import ServingError
from mlops_platform.spec.online_layout import OnlineExport, shown


class StoreUnavailable(ServingError):
    """There is no store, it cannot be read, or it is no store of this model."""


class StoredFeatures(NamedTuple):
    """What a source holds: its export and, of one entity, event time and features as JSON."""

    export: OnlineExport
    event_time: str | None
    features: str | None


class Source(Protocol):
    """Where the rows of a store lie."""

    is_remote: bool

    def find(self, entity: str) -> StoredFeatures:
        """Read one entity's row, nothing of it where there is none.

        Raises:
            StoreUnavailable: the store cannot be read.
            ValueError: no store could hold such a key.
        """

    def close(self) -> None:
        """Let go of the store."""


def unavailable(location: Path | str, reason: object) -> StoreUnavailable:
    """The error of a store that cannot be read."""
    return StoreUnavailable(
        f"online store: {shown(location)} cannot be read ({reason}); materialise the asset "
        "online_features, or correct MLOPS_SERVING_ONLINE_STORE."
    )
