"""History window by window, as it happened: what has landed, then the automation of production."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from mlops_platform.clock import move_to
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.automation.retraining import RETRAIN
from mlops_platform.components.model_lifecycle.automation.windows import HOUR, WATCH
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.model_lifecycle.service.automation import EXPORT_ONLINE
from mlops_platform.components.model_lifecycle.shared import ALERTS
from mlops_platform.data.features.published import published_days
from mlops_platform.data.windows import Window, window_named
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.missing import build, land, land_days
from mlops_platform.driving.phases import Phases
from mlops_platform.errors import MlopsError
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import open_deployment

TICK = timedelta(hours=HOUR)
"""After the midnight that ends a window: when it is asked for."""
HANDED_ON = ("champion", "model_card", "bento")
"""What a training that was interrupted behind its release has yet to make."""


@dataclass(frozen=True)
class ReplayedModel:
    """Drives one model through its past; no later day than the present one is ever landed."""

    driver: JobDriver
    phases: Phases
    model: LifecycleModel

    def start_on(self, day: date) -> None:
        """Put the model into the past, to the midnight that begins a day.

        Raises:
            MlopsError: it lives in the present, and has a history there.
        """
        model = self.model.name
        if settings().replay_clock(model).is_file():
            return
        if open_deployment().ledger.decisions(model, limit=1):
            raise MlopsError(
                f"{settings().home} has a history of {model} in the present, and a replay lives "
                "in the past. Give it a folder of its own: MLOPS_HOME=/another/folder."
            )
        self._move_to(datetime.combine(day, time(), ZoneInfo(self.model.spec.window.timezone)))

    def land_and_build(self, days: Sequence[date]) -> None:
        """Land contiguous days, oldest first, and build their features, where they are missing."""
        root, spec = settings().published, self.model.spec
        published = published_days(root, spec.features.table)
        missing = sorted(set(days) - (published & published_days(root, spec.label.table)))
        if not missing:
            self.phases.done_before("land")
            self.phases.done_before("build features")
            return
        # What lies between is landed and built again, which changes nothing.
        span = [day for day in days if missing[0] <= day <= missing[-1]]
        with self.phases.phase("land") as report:
            now = open_deployment().moment_of(self.model.name)
            land(self._driver, self.model, span, now, report)
        with self.phases.phase("build features") as report:
            build(self._driver, self.model, report, start_day=span[0], end_day=span[-1])

    def release_first_champion(self) -> None:
        """Train, judge, release and package, where no release has a Bento yet.

        Raises:
            MlopsError: nothing was released; says why.
        """
        model = self.model.name
        releases = open_deployment().ledger.releases(model)
        if releases and releases[0].bento_tag is not None:
            self.phases.done_before("train, judge and release")
        else:
            with self.phases.phase("train, judge and release") as report:
                request = stage_request(model, "train")
                if releases:
                    rest = [dg.AssetKey([model, name]) for name in HANDED_ON]
                    request = request.with_replaced_attrs(asset_selection=rest)
                self._driver.execute(request, report=report)
        self._refuse_nothing_released()

    def live_through(self, window: Window) -> None:
        """Land a window's days, then let the sensors do what they will."""
        if self.phases.has_seconds(window.name):
            self.phases.done_before(window.name)
            return
        self._move_to(window.ends_at + TICK)
        with self.phases.phase(window.name) as report:
            with self.phases.part(f"{window.name} land"):
                land_days(self._driver, self.model, window.days, window.ends_at + TICK, report)
            with self.phases.part(f"{window.name} watch"):
                self.driver.tick(WATCH.over([self.model]), report)
            with self.phases.part(f"{window.name} retrain"):
                self.driver.tick(RETRAIN.over([self.model]), report)
            with self.phases.part(f"{window.name} alert"):
                self.driver.tick(ALERTS.over([self.model]), report)

    def export_online(self) -> None:
        """Export the latest features for the service, where it has a store for them.

        In production a sensor looks every minute; here every window would pay for it.
        """
        if self.model.spec.serving.online_store is not None:
            self.driver.tick(EXPORT_ONLINE.over([self.model]))

    @property
    def _driver(self) -> JobDriver:
        return self.driver.on_behalf_of(open_deployment(), self.model.name)

    def _move_to(self, moment: datetime) -> None:
        move_to(settings().replay_clock(self.model.name), moment)

    def _refuse_nothing_released(self) -> None:
        ledger, model = open_deployment().ledger, self.model.name
        if ledger.current_release(model) is None:
            (decision,) = ledger.decisions(model, limit=1)
            raise MlopsError(
                f"nothing was released. {decision.reason} Change the gate in the YAML of {model} "
                "if this machine deserves it, and start again."
            )


def windows_from(spec: ModelSpec, start: date, count: int) -> list[Window]:
    """So many windows, oldest first, of which the first one starts on a day."""
    windows: list[Window] = []
    for _ in range(count):
        start = windows[-1].end if windows else start
        windows.append(window_named(spec.window, start.isoformat()))
    return windows
