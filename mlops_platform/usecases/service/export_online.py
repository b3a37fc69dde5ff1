"""Keeps a model's online store up to date, and tells how old it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from mlops_platform.clock import moment_text
from mlops_platform.data.features.published import published_days, published_digest
from mlops_platform.data.online.export import export_features
from mlops_platform.data.windows import lived_until
from mlops_platform.record import Record
from mlops_platform.serving.online.source import StoreUnavailable
from mlops_platform.serving.online.store import read_export
from mlops_platform.spec import ModelSpec, OnlineStoreSpec
from mlops_platform.spec.online_layout import OnlineExport
from mlops_platform.usecases.deployment import Deployment


class StoreFreshness(Record):
    """Whether a service would still answer from the store, and has anything to answer with.

    Args:
        age_minutes: by the machine's clock; null where there is no store.
    """

    fresh: bool
    reason: str
    age_minutes: float | None = None


def export_online(deployment: Deployment, spec: ModelSpec, now: datetime) -> OnlineExport:
    """Replace the online store by what is published.

    Args:
        now: by the machine's clock, from which the age of the store is counted. The days to keep
            are counted back from the model's present, or from the end of its last window: what is
            learned of a past year would have no row otherwise.
    """
    keep = timedelta(days=declared_store(spec).keep_days)
    location = deployment.settings.online_store(spec.name)
    as_of = lived_until(spec.window, deployment.moment_of(spec.name))
    return export_features(spec, deployment.settings.published, location, keep, as_of, now)


def due_snapshot(deployment: Deployment, spec: ModelSpec) -> str | None:
    """Digest of what is published, where the store was made from something else."""
    table, published_root = spec.features.table, deployment.settings.published
    if not published_days(published_root, table):
        return None
    published = published_digest(published_root, table)
    try:
        exported = read_export(deployment.settings.online_store(spec.name), spec.name)
    except StoreUnavailable:
        return published
    return None if exported.feature_snapshot == published else published


def store_freshness(deployment: Deployment, spec: ModelSpec, now: datetime) -> StoreFreshness:
    """Judge the store as a service does; one without a row answers nobody.

    Args:
        now: by the machine's clock.
    """
    declared = declared_store(spec)
    stale_after = declared.stale_after_minutes
    try:
        export = read_export(deployment.settings.online_store(spec.name), spec.name)
    except StoreUnavailable as error:
        return StoreFreshness(fresh=False, reason=str(error))
    age = (now - export.exported_at) / timedelta(minutes=1)
    not_fresh = export.why_not_fresh(now, timedelta(minutes=stale_after))
    if not_fresh is None and not export.rows:
        not_fresh = (
            f"exported without a row: {spec.features.table} has none of the {declared.keep_days} "
            f"days before {moment_text(export.as_of)}. Publish newer rows, or keep more days "
            "(serving.online_store.keep_days), and export again"
        )
    return StoreFreshness(
        fresh=not_fresh is None,
        reason=not_fresh or f"exported {age:.0f} minutes ago, stale after {stale_after}",
        age_minutes=age,
    )


def declared_store(spec: ModelSpec) -> OnlineStoreSpec:
    """The online store of a model that declares one."""
    store = spec.serving.online_store
    assert store is not None, f"{spec.name} declares no online store"
    return store
