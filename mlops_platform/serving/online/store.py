"""The latest features of an entity, for predictions by entity alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from mlops_platform.column_kind import KINDS
from mlops_platform.errors import ServingError
from mlops_platform.serving.online.postgres_store import PostgresSource
from mlops_platform.serving.online.source import (
    Pattern,
    Source,
    StoredFeatures,
    StoredRow,
    StoreUnavailable,
)
from mlops_platform.serving.online.sqlite_store import SqliteSource
from mlops_platform.spec.online_layout import OnlineExport, is_postgres, span_text

if TYPE_CHECKING:
    from mlops_platform.serving.schema import FeatureSchema


class UnknownEntity(ServingError):
    """The store has no features of an entity."""


class StaleFeatures(ServingError):
    """The last export is too old to answer from, or dated in the future."""


@dataclass(frozen=True)
class OnlineFeatures:
    """The features of one entity, in schema order, None where missing.

    Args:
        event_time: the moment as of which they were computed.
        exported_at: when the store was written, by the machine's clock.
    """

    features: dict[str, Any]
    event_time: datetime
    exported_at: datetime

    @property
    def age_seconds(self) -> float:
        """How long ago they were exported."""
        return max((datetime.now(UTC) - self.exported_at).total_seconds(), 0.0)


class LookedUp(NamedTuple):
    """The features of some entities, None of those that have none, and the export they are of."""

    export: OnlineExport
    features: tuple[OnlineFeatures | None, ...]


class OnlineStore:
    """Looks features up; follows the store when a newer export replaces it.

    Lookups are safe from several threads. Age is judged by the machine's clock on both sides: a
    deployment that replays history lives in another year, but its exports are just as fresh.
    """

    def __init__(self, source: Source, schema: FeatureSchema, stale_after: timedelta) -> None:
        self._source, self._schema, self._stale_after = source, schema, stale_after
        self._accepted: OnlineExport | None = None

    @classmethod
    def open(
        cls, location: Path | str, schema: FeatureSchema, stale_after: timedelta
    ) -> OnlineStore:
        """The store at a path (SQLite) or a `postgresql://` address.

        It need not be there yet: until it is, lookups raise `StoreUnavailable`.

        Args:
            schema: of the served model; the store must hold its columns.
            stale_after: older exports are refused.
        """
        return cls(open_source(location, schema.model), schema, stale_after)

    @property
    def is_remote(self) -> bool:
        """Whether a lookup waits for a network, and so belongs in a thread."""
        return self._source.is_remote

    def lookup(self, entity: str) -> OnlineFeatures:
        """The latest features of an entity.

        Raises:
            UnknownEntity: it has none.
            StaleFeatures: the export is too old, or dated in the future.
            StoreUnavailable: there is no store, or none that fits the served model.
        """
        export, (features,) = self.lookup_all([entity])
        if features is None:
            age = datetime.now(UTC) - export.exported_at
            raise UnknownEntity(
                f"{export.entity}: {entity[:100]!r} is not among the {export.rows} entities that "
                f"were exported {span_text(age)} ago; send its features to /v1/predict."
            )
        return features

    def lookup_all(self, entities: Sequence[str]) -> LookedUp:
        """The latest features of entities, all of one export.

        Raises:
            UnknownEntity: one is no text that a store could hold.
            StaleFeatures, StoreUnavailable: as `lookup`.
        """
        export, rows = self._find(entities)
        if export is not self._accepted:
            _require_columns(export, self._schema)
            self._accepted = export
        not_fresh = export.why_not_fresh(datetime.now(UTC), self._stale_after)
        if not_fresh is not None:
            raise StaleFeatures(
                f"the features of {export.model} were {not_fresh}; materialise "
                f"{export.model}/online_features."
            )
        return LookedUp(export, tuple(row and self._features(export, row) for row in rows))

    def holds(self, pattern: Pattern) -> bool:
        """Whether the entity of any row is made so.

        Raises:
            UnknownEntity, StoreUnavailable: as `lookup_all`.
        """
        try:
            return self._source.holds(pattern)
        except ValueError as error:
            raise _no_text("".join(filter(None, pattern)), error) from error

    def close(self) -> None:
        """Let go of the store."""
        self._source.close()

    def _features(self, export: OnlineExport, row: StoredRow) -> OnlineFeatures:
        values = orjson.loads(row.features)
        return OnlineFeatures(
            features={name: values[name] for name in self._schema.names},
            event_time=datetime.fromisoformat(row.event_time),
            exported_at=export.exported_at,
        )

    def _find(self, entities: Sequence[str]) -> StoredFeatures:
        try:
            return self._source.find(entities)
        except ValueError as error:
            raise _no_text(entities[0], error) from error


def _no_text(entity: str, error: ValueError) -> UnknownEntity:
    """The error of a NUL, or of half a surrogate pair."""
    return UnknownEntity(f"{entity[:100]!r} is no text ({error}); send a key.")


def open_source(location: Path | str, model: str) -> Source:
    """The rows of a model at a path or address."""
    if is_postgres(location):
        return PostgresSource(str(location), model)
    return SqliteSource(Path(location))


def read_export(location: Path | str, model: str) -> OnlineExport:
    """What the store holds at this moment.

    Raises:
        StoreUnavailable: there is none.
    """
    source = open_source(location, model)
    try:
        return source.find([]).export
    finally:
        source.close()


def _require_columns(export: OnlineExport, schema: FeatureSchema) -> None:
    if (export.model, export.entity) != (schema.model, schema.entity):
        raise StoreUnavailable(
            f"online store: it holds {export.model} by {export.entity}, and {schema.model} by "
            f"{schema.entity} is served; correct MLOPS_SERVING_ONLINE_STORE."
        )
    # A flag is a number to every model: the YAML may have called it otherwise since.
    exported = {
        name: kind.is_number for kind in KINDS.values() for name in export.of_kind(kind.name)
    }
    lacking = [
        column.name
        for column in schema.columns
        if exported.get(column.name) != column.column_kind.is_number
    ]
    if lacking:
        raise StoreUnavailable(
            f"online store: the export lacks {lacking} as the numbers or strings that "
            f"{schema.model} was trained on; materialise online_features with the YAML of the "
            "served version."
        )
