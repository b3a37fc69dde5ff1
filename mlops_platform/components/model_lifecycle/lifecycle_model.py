"""LifecycleModel: a declared model together with the feature store that it reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg

from mlops_platform.components.model_lifecycle.location import YamlLocation
from mlops_platform.data.features.builds import Builds, build_job
from mlops_platform.data.features.kept_projects import BuiltWith
from mlops_platform.errors import SpecError
from mlops_platform.settings import Settings
from mlops_platform.spec import ModelSpec


@dataclass(frozen=True)
class FeatureStore:
    """What a model needs to know of the dbt assets that it reads.

    Args:
        tables: asset of each published table.
        assets: every asset that a build makes.
        build_op: name of the op that builds them; its configuration names days.
        sources: tables of the landing zone that they are made from.
        builds_with: tells what a build would run with now; None where nobody knows.
    """

    tables: Mapping[str, dg.AssetKey]
    assets: Sequence[dg.AssetKey]
    build_op: str
    sources: Sequence[str] = ()
    builds_with: Callable[[], BuiltWith] | None = None

    @property
    def build_job(self) -> str:
        """Name of the job that makes all of them."""
        return build_job(self.build_op)

    def builds(self, place: Settings) -> Builds:
        """What is kept of its builds."""
        return Builds(place.landing, place.published, self.build_op)

    def is_built_otherwise(self, place: Settings) -> bool:
        """Whether what is published was built by other SQL than there is now, or by several."""
        state = self.builds(place).read()
        if state is None or not state.built or self.builds_with is None:
            return False
        return not self.builds_with().is_like(state.built_with)

    def build_config(self, first: date, last: date) -> dict[str, Any]:
        """Run configuration of a build of some days, both included."""
        days = {"start_day": str(first), "end_day": str(last)}
        return {"ops": {self.build_op: {"config": days}}}


@dataclass(frozen=True)
class LifecycleModel:
    """What the shared automation knows of one model.

    Args:
        location: where it is declared; None of one that no YAML declares.
    """

    spec: ModelSpec
    store: FeatureStore
    location: YamlLocation | None = None

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.spec.name

    def refuse(self, errors: Sequence[SpecError]) -> None:
        """Raise all errors of its YAML at once, each with its line.

        Raises:
            MlopsError: there are some.
        """
        if self.location is not None:
            self.location.refuse(errors)
        elif errors:
            raise errors[0]
