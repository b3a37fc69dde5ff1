"""Everything that was recorded about the windows of one model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.window.drift import WatchedWindow
from mlops_platform.usecases.window.score import ScoredWindow


@dataclass(frozen=True)
class ModelWindows:
    """Predictions, performance and drift by the name of the window, oldest first.

    A window whose run did not get to its end lacks the later ones.
    """

    scored: Mapping[str, ScoredWindow] = field(default_factory=dict)
    performance: Mapping[str, WindowPerformance] = field(default_factory=dict)
    drift: Mapping[str, WatchedWindow] = field(default_factory=dict)

    @property
    def latest(self) -> Window | None:
        """The latest scored window."""
        return self.scored[max(self.scored)].window if self.scored else None

    def with_day(self, day: date) -> Window | None:
        """The scored window that a local day lies in."""
        windows = (scored.window for scored in self.scored.values())
        return next((window for window in windows if window.start <= day < window.end), None)
