"""History window by window, as it happened: what has landed, then the automation of production."""

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
from mlops_platform.components.record_files import record_file
from mlops_platform.data.windows import Window, window_named
from mlops_platform.driving.driver import JobDriver, ReportStep
from mlops_platform.driving.missing import (
    build,
    land,
    land_days,
    unbuilt_days,
    unlanded_days,
    unlanded_snapshots,
)
from mlops_platform.driving.phases import Phases
from mlops_platform.errors import MlopsError
from mlops_platform.settings import settings
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.deployment import Deployment, open_deployment
from mlops_platform.usecases.ledger.retirement import refuse_retired

TICK = timedelta(hours=HOUR)
"""After the midnight that ends a window: when it is asked for."""
HANDED_ON = ("champion", "model_card", "bento")
"""What a training that was interrupted behind its release has yet to make."""


class NothingReleased(MlopsError):
    """The gate refused the first candidate: a normal outcome, after which nothing is replayed."""


@dataclass(frozen=True)
class ReplayedModel:
    """Drives one model through its past; no later day than the present one is ever landed."""

    driver: JobDriver
    phases: Phases
    model: LifecycleModel

    def start_on(self, day: date) -> None:
        """Put the model into the past, to the midnight that begins a day; never back.

        Raises:
            LedgerError: it is retired.
            MlopsError: it lives in the present, and has a history there.
        """
        model, deployment = self.model.name, open_deployment()
        refuse_retired(deployment.ledger, model)
        midnight = datetime.combine(day, time(), ZoneInfo(self.model.spec.window.timezone))
        reached = deployment.replayed_moment(model)
        if reached is None:
            refuse_history(deployment, model, own_replay=True)
        if reached is None or reached < midnight:
            self._move_to(midnight)

    def catch_up(self) -> None:
        """Land the days that have ended, and build their features, where they are missing."""
        model, place = self.model, settings()
        now = open_deployment().moment_of(model.name)
        days = unlanded_days(self.driver, model, place, now)
        if days or unlanded_snapshots(self.driver, model, place, now):
            with self.phases.phase("land") as report:
                land(self._driver, model, days, now, report)
        else:
            self.phases.done_before("land")
        unbuilt = unbuilt_days(self.driver, model, place, now)
        if unbuilt:
            with self.phases.phase("build features") as report:
                build(self._driver, model, report, start_day=unbuilt[0])
        else:
            self.phases.done_before("build features")

    def release_first_champion(self) -> None:
        """Train, judge, release and package, where no release has a proved Bento yet.

        Raises:
            NothingReleased: says why.
        """
        model = self.model.name
        releases = open_deployment().ledger.releases(model)
        # Written after the Bento's golden check: a kill in it leaves one that nobody has asked.
        if releases and record_file([model, "bento"]).is_file():
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
                self._land(window, report)
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

    def _land(self, window: Window, report: ReportStep) -> None:
        """Land the days of a window that are not there: another model may have asked for them."""
        now, of_window = window.ends_at + TICK, set(window.days)
        missing = unlanded_days(self.driver, self.model, settings(), now)
        days = [day for day in missing if day in of_window]
        if days:
            land_days(self._driver, self.model, days, now, report)

    @property
    def _driver(self) -> JobDriver:
        return self.driver.on_behalf_of(open_deployment(), self.model.name)

    def _move_to(self, moment: datetime) -> None:
        move_to(settings().replay_clock(self.model.name), moment)

    def _refuse_nothing_released(self) -> None:
        ledger, model = open_deployment().ledger, self.model.name
        if ledger.current_release(model) is None:
            (decision,) = ledger.decisions(model, limit=1)
            raise NothingReleased(
                f"nothing was released. {decision.reason} Change the gate in the YAML of {model} "
                "if this machine deserves it, and start again."
            )


def refuse_history(deployment: Deployment, model: str, *, own_replay: bool) -> None:
    """Refuse to begin a replay of a model that has lived already.

    Args:
        own_replay: what it has lived through in the past was this replay.

    Raises:
        MlopsError: it has a history in the present, or in another replay.
    """
    elsewhere = (
        "and a replay lives in the past. Give it a folder of its own: MLOPS_HOME=/another/folder."
    )
    home = deployment.settings.home
    if deployment.is_replayed(model):
        if not own_replay:
            raise MlopsError(
                f"{home} has another replay of {model}, such as the demo's, {elsewhere}"
            )
    elif deployment.ledger.decisions(model, limit=1):
        raise MlopsError(f"{home} has a history of {model} in the present, {elsewhere}")


def windows_from(spec: ModelSpec, start: date, count: int) -> list[Window]:
    """So many windows, oldest first, of which the first one starts on a day."""
    windows: list[Window] = []
    for _ in range(count):
        start = windows[-1].end if windows else start
        windows.append(window_named(spec.window, start.isoformat()))
    return windows
