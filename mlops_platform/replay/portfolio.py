"""The portfolio: models brought to their first champions, and the latest windows after that.

Of a model whose rows have an event time the champion is trained before those windows, and lives
through them as they happened: one that is trained on all that is known has seen them. A model
without event time has no past, and is trained now.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from mlops_platform.components.model_lifecycle.lifecycle_model import LifecycleModel
from mlops_platform.data.windows import Window
from mlops_platform.driving.by_hand import ByHand
from mlops_platform.ledger.challenger import standing_challenger
from mlops_platform.replay.plan import Past, keep_plan, kept_plan, planned_windows
from mlops_platform.replay.replayed_model import NothingReleased, refuse_history
from mlops_platform.replay.story import Story
from mlops_platform.replay.words import Words
from mlops_platform.usecases.deployment import Deployment

State = Literal["champion", "waiting", "refused", "failed"]
"""It serves; a person must approve it; the gate refused it; a run came to nothing."""
TRIES: Final = 3
"""First candidates of one model: what the gate refuses is tried again a window later."""


class Brought(NamedTuple):
    """What became of one model.

    Args:
        version: that serves, or waits; None where there is none.
        windows: that its champions have lived through.
        text: one sentence.
    """

    model: str
    state: State
    version: int | None
    windows: int
    text: str


@dataclass(frozen=True)
class PortfolioModel:
    """One model of it; started again, it goes on where it was.

    Args:
        running: its jobs.
        windows: the latest ones that are lived through, at most.
        now: by this machine's clock.
    """

    running: ByHand
    windows: int
    now: datetime

    def bring(self) -> Brought:
        """Do what is left to do.

        Raises:
            MlopsError: a run failed.
        """
        deployment, model = self.running.deployment, self.running.model
        if has_own_history(deployment, model):
            return self._brought(0, "It has lived in the present before, and is left as it is.")
        if not model.spec.features.has_event_time:
            return self._brought(0, self.running.train().text)
        windows = self._windows_to_live()
        for later in range(min(TRIES, len(windows))):
            keep_plan(self._folder, windows[later:])
            try:
                self._story(windows[later:]).play(self.running.driver, self.running.display)
            except NothingReleased:
                continue
            text = f"It has lived from {windows[later].start} to {windows[-1].last_day}."
            return self._brought(len(windows) - later, text)
        (decision,) = deployment.ledger.decisions(model.name, limit=1)
        return self._brought(0, decision.reason)

    def _windows_to_live(self) -> Sequence[Window]:
        """Those of a replay that was begun, or the latest."""
        running, place = self.running, self.running.deployment.settings
        spec, kept = running.model.spec, kept_plan(self._folder)
        past = Past.of(running.driver, running.model, place, self.now)
        refuse_history(running.deployment, spec.name, own_replay=kept is not None)
        if kept is not None:
            return planned_windows(spec, past, kept, None, None)
        return planned_windows(spec, past, None, None, past.last)[-self.windows :]

    def _story(self, windows: Sequence[Window]) -> Story:
        model = self.running.model
        return Story(model, windows[0].start, windows, self._folder, Words.of(model.spec))

    @property
    def _folder(self) -> Path:
        return self.running.deployment.settings.replays(self.running.model.name)

    def _brought(self, windows: int, text: str) -> Brought:
        deployment, name = self.running.deployment, self.running.model.name
        release = deployment.ledger.current_release(name)
        challenger = standing_challenger(deployment.ledger, name)
        if release is not None:
            return Brought(name, "champion", release.version, windows, text)
        if challenger is not None:
            return Brought(name, "waiting", challenger.version, windows, text)
        return Brought(name, "refused", None, windows, text)


def has_own_history(deployment: Deployment, model: LifecycleModel) -> bool:
    """Whether a model has decided anything, and is in no replay."""
    name = model.name
    return not deployment.is_replayed(name) and bool(deployment.ledger.decisions(name, limit=1))


def in_order(models: Sequence[LifecycleModel]) -> list[LifecycleModel]:
    """Models of one feature store follow each other: what one has landed and built all have."""
    return sorted(models, key=lambda model: (model.store.build_op, model.name))
