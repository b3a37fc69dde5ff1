"""History week by week, as it happened: what has landed, then the automation of production."""

from dataclasses import dataclass
from datetime import timedelta

from mlops_platform.cli.demo_progress import DemoProgress
from mlops_platform.clock import move_to
from mlops_platform.components.driver import JobDriver
from mlops_platform.components.model_lifecycle.automation import HOUR
from mlops_platform.data.windows import Window
from mlops_platform.settings import settings

TICK = timedelta(hours=HOUR)
"""After the midnight that ends a window: when its schedule ticks."""


@dataclass(frozen=True)
class Replay:
    """Drives one model through its windows; no later day than the present one is ever landed."""

    driver: JobDriver
    progress: DemoProgress
    model: str

    def live_through(self, window: Window) -> None:
        """Land a window's days, then let the schedule and the sensors do what they will."""
        if self.progress.has_seconds(window.name):
            self.progress.done_before(window.name)
            return
        move_to(settings().replayed_moment, window.ends_at + TICK)
        with self.progress.phase(window.name) as report:
            with self.progress.part(f"{window.name} land"):
                self.driver.run("land_days", days=window.days, report=report)
            with self.progress.part(f"{window.name} watch"):
                self.driver.tick(f"watch_{self.model}", report)
            with self.progress.part(f"{window.name} retrain"):
                self.driver.tick(f"retrain_{self.model}", report)
            with self.progress.part(f"{window.name} alert"):
                self.driver.tick(f"alerts_{self.model}", report)
