"""Where the rows of an online store lie, whatever the store is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from mlops_platform.errors import ServingError
from mlops_platform.spec.online_layout import OnlineExport, shown


class StoreUnavailable(ServingError):
    """There is no store, it cannot be read, or it is no store of this model."""


class StoredRow(NamedTuple):
    """Event time and features of one entity, as JSON."""

    event_time: str
    features: str


class StoredFeatures(NamedTuple):
    """What a source holds: its export, and of each entity its row where there is one."""

    export: OnlineExport
    rows: tuple[StoredRow | None, ...]


Pattern = Sequence[str | None]
"""Pieces of an entity, in their order; None where any text may be."""


class Source(Protocol):
    """Where the rows of a store lie."""

    is_remote: bool

    def find(self, entities: Sequence[str]) -> StoredFeatures:
        """Read the rows of entities, all of one export.

        Raises:
            StoreUnavailable: the store cannot be read.
            ValueError: no store could hold such a key.
        """

    def holds(self, pattern: Pattern) -> bool:
        """Whether any entity is made so; every one of them may have to be looked at.

        Raises:
            StoreUnavailable, ValueError: as `find`.
        """

    def close(self) -> None:
        """Let go of the store."""


def unavailable(location: Path | str, reason: object) -> StoreUnavailable:
    """The error of a store that cannot be read."""
    return StoreUnavailable(
        f"online store: {shown(location)} cannot be read ({reason}); materialise the asset "
        "online_features, or correct MLOPS_SERVING_ONLINE_STORE."
    )
