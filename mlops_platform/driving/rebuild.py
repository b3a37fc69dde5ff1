"""Stale days built again in this process, and the windows measured again that they are in."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import dagster as dg

from mlops_platform.components.model_lifecycle.automation.rebuild import MOST_BETWEEN
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.model_lifecycle.automation.windows import (
    measure_again_requests,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.features.builds import BuildState, kept_builds
from mlops_platform.data.features.stretches import contiguous
from mlops_platform.data.features.warehouse import build_lock
from mlops_platform.data.landing.adoption import adopt_files
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.missing import build
from mlops_platform.driving.phases import Display, timed_phase
from mlops_platform.errors import SpecError
from mlops_platform.files import one_process_at_a_time
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.ledger.retirement import retired_models


@dataclass(frozen=True)
class Rebuild:
    """Builds what is stale, and measures again the windows of all models that this concerns."""

    deployment: Deployment
    driver: JobDriver
    models: Sequence[LifecycleModel]
    display: Display
    actor: str

    def build(self, states: Mapping[str, BuildState]) -> list[tuple[date, date]]:
        """Build the stale days of every store again; returns first and last days of the builds.

        Those of a store that no model reads stay as they are.

        Raises:
            SpecError: no model is declared.
            MlopsError: a run failed; what it was for is still stale.
        """
        if not self.models:
            raise SpecError("model", "none", "Declare one: its features say what is to be built.")
        readers = {model.store.build_op: model for model in self.models}
        built = []
        for store in states.keys() & readers.keys():
            for first, last in contiguous(states[store].stale_days, MOST_BETWEEN):
                with timed_phase(self.display, f"build {first} to {last}") as report:
                    build(self.driver, readers[store], report, start_day=first, end_day=last)
                built.append((first, last))
        return built

    def unread(self, states: Mapping[str, BuildState]) -> list[str]:
        """Stores with stale days that no model reads: of a domain that was taken away."""
        read = {model.store.build_op for model in self.models}
        return sorted(store for store in states if store not in read and states[store].stale)

    def measure(self) -> Iterator[str]:
        """Measure windows again whose labels have changed, and name each once it is.

        A run that is under way already measures with the labels that it finds, and its sensor
        looks again; a retired model is not measured any more.
        """
        at_work = models_at_work(
            self.driver.instance, "watch", {model.name for model in self.models}
        )
        left_out = at_work | retired_models(self.deployment.ledger).keys()
        for model in (model for model in self.models if model.name not in left_out):
            measured: list[str] = []
            driver = self.driver.on_behalf_of(self.deployment, model.name)
            while (request := self._request(model, measured)) is not None:
                measured.append(str(request.partition_key))
                name = f"{model.name} {request.partition_key}"
                with timed_phase(self.display, f"measure {name}") as report:
                    driver.execute(request, tags={"user": self.actor}, report=report)
                yield name

    def _request(self, model: LifecycleModel, measured: Collection[str]) -> dg.RunRequest | None:
        """The next window to measure; a run of one may have measured others as well."""
        requests = measure_again_requests(self.deployment, model)
        return next((each for each in requests if each.partition_key not in measured), None)


def notice(place: Settings, now: datetime, *, retract: bool = False) -> dict[str, BuildState]:
    """Take and keep what has landed since the last builds; returns what is known of each store.

    Args:
        retract: a person says that files that others put there may take rows back, however many.
    """
    with one_process_at_a_time(build_lock(place.warehouse)):
        adopt_files(place.landing, now, retract=retract)
        kept = kept_builds(place.landing, place.published)
        return {builds.store: state for builds in kept if (state := builds.notice(now))}
