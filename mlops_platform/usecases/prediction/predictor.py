"""Predictor: a released version, what it asks of a row, and what its training saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mlops_platform.errors import LedgerError
from mlops_platform.ledger.challenger import first_champion_advice
from mlops_platform.tasks import Task
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.retirement import refuse_retired
from mlops_platform.usecases.version.adjusted_constants import AdjustedConstants

if TYPE_CHECKING:
    from mlops_platform.serving.schema import FeatureSchema
    from mlops_platform.spec import ModelSpec


@dataclass(frozen=True)
class Predictor:
    """A released version, ready to score.

    Args:
        schema: of its features, as the service asks for them.
        model: the fitted pipeline.
        missing: share of the rows without a value, by feature, in the days of its training set.
        moment: its present: by it the constants of a row without event time are chosen.
        event_time: column with the moment of a row; None where rows have none.
        table: published table that has its features, where it is known.
    """

    version: int
    release: int
    schema: FeatureSchema
    task: Task
    model: Any
    constants: AdjustedConstants
    missing: Mapping[str, float]
    moment: datetime
    event_time: str | None = None
    table: str | None = None

    @property
    def is_adjusted(self) -> bool:
        """Whether its constants follow the outcomes."""
        return bool(self.constants.adjustments) or self.task.adaptation_rule is not None


def load_predictor(deployment: Deployment, model: str, spec: ModelSpec | None) -> Predictor:
    """Load the champion with the schema of its Bento and the reference of its version.

    Args:
        spec: None where no YAML declares the model any more.

    Raises:
        LedgerError: nothing was released, or the model is retired.
        ServingError: its Bento is not in the store.
        RegistryError: the registry has lost the version.
        ArtifactError: its files are not those that were released.
    """
    ledger = deployment.ledger
    refuse_retired(ledger, model)
    if ledger.current_release(model) is None:
        raise LedgerError(
            f"{model!r} has no champion that could score: {first_champion_advice(ledger, model)}."
        )
    from mlops_platform.serving.contents import read_contents
    from mlops_platform.usecases.release.reference import load_profile
    from mlops_platform.usecases.service.serve import champions_bento
    from mlops_platform.usecases.version.champion import load_release

    bento = champions_bento(deployment, model)
    contents, release = read_contents(bento.path / "src"), bento.release
    champion = load_release(deployment.registry, release)
    adjustments = ledger.adjustments(model, release.sequence)
    profile = load_profile(deployment.registry, release)
    profiled = set(profile.bins.names)
    return Predictor(
        version=release.version,
        release=release.sequence,
        schema=contents.features,
        task=contents.release.task,
        model=champion.model,
        constants=AdjustedConstants(champion.constants, adjustments),
        missing={
            name: profile.column(name).total.null_share
            for name in contents.features.names
            if name in profiled
        },
        moment=deployment.moment_of(model),
        event_time=spec.features.event_time if spec else None,
        table=spec.features.table if spec else None,
    )
