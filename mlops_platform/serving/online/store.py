"""The latest features of an entity, for predictions by entity alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from mlops_platform.column_kind import KINDS
from mlops_platform.errors import ServingError
from mlops_platform.serving.online.postgres_store import PostgresSource
from mlops_platform.serving.online.source import Source, StoredFeatures, StoreUnavailable
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
        export, event_time, features = self._find(entity)
        if export is not self._accepted:
            _require_columns(export, self._schema)
            self._accepted = export
        now = datetime.now(UTC)
        not_fresh = export.why_not_fresh(now, self._stale_after)
        if not_fresh is not None:
            raise StaleFeatures(
                f"the features of {export.model} were {not_fresh}; materialise "
                f"{export.model}/online_features."
            )
        if event_time is None or features is None:
            raise UnknownEntity(
                f"{export.entity}: {entity[:100]!r} is not among the {export.rows} entities that "
                f"were exported {span_text(now - export.exported_at)} ago; send its features to "
                "/v1/predict."
            )
        values = orjson.loads(features)
        return OnlineFeatures(
            features={name: values[name] for name in self._schema.names},
            event_time=datetime.fromisoformat(event_time),
            exported_at=export.exported_at,
        )

    def close(self) -> None:
        """Let go of the store."""
        self._source.close()

    def _find(self, entity: str) -> StoredFeatures:
        try:
            return self._source.find(entity)
        except ValueError as error:  # a NUL or half a surrogate pair
            raise UnknownEntity(f"{entity[:100]!r} is no text ({error}); send a key.") from error


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
        return source.find("").export
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
