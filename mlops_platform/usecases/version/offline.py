"""The version that a logged answer names, as training left it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlops_platform.artifacts.model_store import load_model
from mlops_platform.data.served.lines import served_column
from mlops_platform.errors import LedgerError
from mlops_platform.ledger.records import (
    Release,
    VersionIdentity,
    WrittenAdjustment,
)
from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants, Predictions, Task
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants
from mlops_platform.usecases.version.fitted import fitted_values, pinned_versions

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray


@dataclass(frozen=True)
class OfflineVersion:
    """A version that scores served rows, in the present task of its model."""

    version: int
    model: Any
    constants: Constants
    task: Task

    @property
    def features(self) -> list[str]:
        """What the pipeline was fitted on; the YAML may say something else by now."""
        return [str(name) for name in self.model.feature_names_in_]

    def lacks(self, served: pa.Table) -> NDArray[np.bool_]:
        """Which rows cannot be scored: a feature was redacted, or nobody ever sent it."""
        import numpy as np

        names = set(self.features)
        if not {served_column(name, self.task) for name in names} <= set(served.column_names):
            return np.ones(served.num_rows, dtype=bool)
        redacted = served["redacted"].to_pylist()
        return np.array([not names.isdisjoint(fields or ()) for fields in redacted], dtype=bool)

    def predictions(self, served: pa.Table) -> Predictions:
        """Predict for rows that lack nothing, of which there is one at least."""
        columns = [served_column(name, self.task) for name in self.features]
        logged = served.select(columns).rename_columns(self.features)
        return self.task.predict(self.model, self.constants, _as_handed_on(logged).to_pandas())


def _as_handed_on(logged: pa.Table) -> pa.Table:
    """Logged features in the types of a training set: what was sent as true is 1.0 there."""
    import pyarrow as pa

    types = [pa.float64() if pa.types.is_boolean(kind) else kind for kind in logged.schema.types]
    return logged.cast(pa.schema(zip(logged.schema.names, types, strict=True)))


class OfflineVersions:
    """Every version of a model that was ever let near a request: champions and challengers."""

    def __init__(self, deployment: Deployment, spec: ModelSpec) -> None:
        self._registry, self._model, self._task = deployment.registry, spec.name, spec.task
        model = spec.name
        ledger = self._ledger = deployment.ledger
        self._releases = {release.sequence: release for release in ledger.releases(model)}
        self._pinned = pinned_versions(ledger, model)
        self._loaded: dict[int, OfflineVersion] = {}
        self._adjustments: dict[int, Sequence[WrittenAdjustment]] = {}

    def load(
        self, version: str, sequence: int, role: str, adjustment: int | None = None
    ) -> OfflineVersion:
        """Load what a log line names.

        Args:
            adjustment: under which it answered; None or 0 under its own constants.

        Raises:
            LedgerError: the ledger knows no such version, or another one under its sequence, or no
                such adjustment of it.
            RegistryError: the registry has lost it.
            ArtifactError: its files are not those that were pinned.
        """
        pinned = self._pinned.get(int(version)) if version.isdecimal() else None
        answered = f"version {version} of {self._model!r} answered as {role} of release {sequence}"
        if pinned is None or (role == "champion" and not self._was_release(pinned, sequence)):
            raise _unknown(answered)
        loaded = self._load(pinned)
        if not adjustment:
            return loaded
        known = self._adjustments_of(sequence) if role == "champion" else ()
        if adjustment > len(known):
            raise _unknown(f"{answered} under its adjustment {adjustment}")
        constants = AdjustedConstants(loaded.constants, known).under(adjustment)
        return replace(loaded, constants=constants)

    def release(self, sequence: int) -> Release | None:
        """The release of a number; None where there is none yet."""
        return self._releases.get(sequence)

    def _load(self, pinned: VersionIdentity) -> OfflineVersion:
        if pinned.version not in self._loaded:
            with self._registry.fetched_version(self._model, pinned.version) as fetched:
                self._loaded[pinned.version] = OfflineVersion(
                    version=pinned.version,
                    model=load_model(fetched.directory, pinned.digests),
                    constants=fitted_values(fetched, pinned).constants,
                    task=self._task,
                )
        return self._loaded[pinned.version]

    def _adjustments_of(self, sequence: int) -> Sequence[WrittenAdjustment]:
        if sequence not in self._adjustments:
            self._adjustments[sequence] = self._ledger.adjustments(self._model, sequence)
        return self._adjustments[sequence]

    def _was_release(self, pinned: VersionIdentity, sequence: int) -> bool:
        release = self._releases.get(sequence)
        return release is not None and release.version == pinned.version


def _unknown(answered: str) -> LedgerError:
    return LedgerError(
        f"{answered}, of which the ledger knows nothing. Find the service that does not follow the "
        "release pointer of this deployment."
    )
