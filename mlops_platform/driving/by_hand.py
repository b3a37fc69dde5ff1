"""What a person asks for in one command: a training, or windows, with all that they need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from mlops_platform.clock import moment_text
from mlops_platform.components.model_lifecycle.automation.requests import stage_request
from mlops_platform.components.model_lifecycle.automation.unfinished_runs import models_at_work
from mlops_platform.components.model_lifecycle.automation.windows import (
    measure_again_requests,
    missing_windows,
    window_request,
)
from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.components.record_io_manager import latest_record
from mlops_platform.components.stages import Stage
from mlops_platform.data.windows import Window, window_named
from mlops_platform.driving.driver import JobDriver, run_config
from mlops_platform.driving.missing import (
    build,
    land,
    unbuilt_days,
    unlanded_days,
    unlanded_snapshots,
)
from mlops_platform.driving.phases import Display, timed_phase
from mlops_platform.errors import MlopsError
from mlops_platform.ledger.ledger import Ledger
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.judge import JudgedCandidate
from mlops_platform.usecases.candidate.outcome import TrainingOutcome, training_outcome
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.retraining.attempts import DECISIONS_READ, last_verdict
from mlops_platform.usecases.window.score import responsible_release


@dataclass(frozen=True)
class ByHand:
    """Runs what one model lacks, in this process, as its sensors would have it run."""

    deployment: Deployment
    driver: JobDriver
    model: LifecycleModel
    display: Display
    actor: str

    def train(self, *, refit: bool = False) -> TrainingOutcome:
        """Train and judge a candidate on all that is known.

        Args:
            refit: fit anew where the YAML would have the champion updated.

        Raises:
            MlopsError: a class of the YAML cannot do what it is named for, a run failed, or another
                training runs already.
        """
        from mlops_platform.training.check import check_parts

        self._refuse_beside("train")
        # Landing and building may take hours, after which the fit would say it in its own words.
        self.model.refuse(check_parts(self.model.spec))
        self._land_missing()
        self._build_missing()
        config = run_config(f"{self.model.name}__candidate", {"refit": True}) if refit else None
        self._execute("train", stage_request(self.model.name, "train", config=config))
        outcome = latest_outcome(self.model.spec, self.deployment.ledger)
        if outcome.version is not None or outcome.champion is not None:
            self._export_online()
        return outcome

    def watch(self, window: str | None) -> Sequence[str]:
        """Score and measure one window, or all that have ended, matured or got other labels.

        A run that fails keeps no other window from being measured.

        Returns:
            their names.

        Raises:
            MlopsError: nothing was released yet, the window has not ended, others run already, or
                runs have failed.
        """
        responsible_release(self.deployment.ledger, self.model.name, None)
        named = None if window is None else self._ended_window(window)
        self._refuse_beside("watch")
        self._land_missing()
        watched: list[str] = []
        failures: list[MlopsError] = []
        while requests := self._requests(named, watched):
            for request in requests:
                watched.append(str(request.partition_key))
                try:
                    self._execute(f"watch {request.partition_key}", request)
                except MlopsError as failure:
                    failures.append(failure)
        if watched:
            self._export_online()
        if failures:
            raise MlopsError("\n".join(map(str, failures))) from failures[0]
        return watched

    @property
    def _now(self) -> datetime:
        return self.deployment.moment_of(self.model.name)

    @property
    def _driver(self) -> JobDriver:
        return self.driver.on_behalf_of(self.deployment, self.model.name)

    def _refuse_beside(self, stage: Stage) -> None:
        """Two runs of one stage would do the same twice; the sensors do not ask for it either."""
        name = self.model.name
        if models_at_work(self.driver.instance, stage, {name}):
            raise MlopsError(
                f"{name}: a run of the stage {stage} is under way or queued. Wait until it has "
                "ended, or cancel it in Dagster."
            )

    def _ended_window(self, name: str) -> Window:
        window = window_named(self.model.spec.window, name)
        if window.ends_at > self._now:
            raise MlopsError(
                f"the window {name} ends at {moment_text(window.ends_at)}: it can be watched "
                "from then on."
            )
        return window

    def _requests(self, window: Window | None, watched: Collection[str]) -> list[dg.RunRequest]:
        """What is still to be run: to score windows, then to measure again what they have not."""
        now, model = self._now, self.model
        if window is None:
            windows = missing_windows(self.deployment, model.spec, ended_by=now)
        else:
            windows = {window.name: window}
        requests = [
            window_request(model, missing, now)
            for name, missing in windows.items()
            if name not in watched
        ]
        if requests or window is not None:
            return requests
        again = measure_again_requests(self.deployment, model)
        return [request for request in again if request.partition_key not in watched]

    def _land_missing(self) -> None:
        place, now = self.deployment.settings, self._now
        days = unlanded_days(self.driver, self.model, place, now)
        if days or unlanded_snapshots(self.driver, self.model, place, now):
            with timed_phase(self.display, "land") as report:
                land(self._driver, self.model, days, now, report)

    def _build_missing(self) -> None:
        place, now = self.deployment.settings, self._now
        days = unbuilt_days(self.driver, self.model, place, now)
        if self.model.store.is_built_otherwise(place):
            with timed_phase(self.display, "build features anew") as report:
                # Without days it is all of them: a part would leave tables of two kinds of SQL.
                build(self._driver, self.model, report)
        elif days:
            with timed_phase(self.display, "build features") as report:
                # To the end of what is landed: sources need not have rows on their last day.
                build(self._driver, self.model, report, start_day=days[0])

    def _export_online(self) -> None:
        """What a service looks up is as new as what was built, also where no sensor runs."""
        if self.model.spec.serving.online_store is not None:
            self._execute("export online", stage_request(self.model.name, "export_online"))

    def _execute(self, phase: str, request: dg.RunRequest) -> None:
        with timed_phase(self.display, phase) as report:
            self._driver.execute(request, tags={"user": self.actor}, report=report)


def latest_outcome(spec: ModelSpec, ledger: Ledger) -> TrainingOutcome:
    """What the last training of a model that was judged came to."""
    verdict = last_verdict(ledger.decisions(spec.name, limit=DECISIONS_READ))
    assert verdict is not None, "a run that succeeds has come to a verdict"
    judged = latest_record(dg.AssetKey([spec.name, "gate"]), JudgedCandidate)
    return training_outcome(spec, ledger, verdict, judged)
