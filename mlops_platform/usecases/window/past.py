"""What is known of a model's earlier windows when another one is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mlops_platform.data.windows import Window
from mlops_platform.monitoring.performance.changes.error_blocks import ErrorBlock
from mlops_platform.monitoring.performance.label_maturity import LabelMaturity
from mlops_platform.monitoring.performance.window_performance import WindowPerformance
from mlops_platform.usecases.window.score import ScoredWindow


@dataclass(frozen=True)
class PastWindows:
    """Predictions and performance by the name of the window, in any order."""

    scored: Mapping[str, ScoredWindow] = field(default_factory=dict)
    measured: Mapping[str, WindowPerformance] = field(default_factory=dict)

    def with_measured(self, window: WindowPerformance) -> PastWindows:
        """The same with one more performance, or a newer one of the same window."""
        return PastWindows(self.scored, {**self.measured, window.window: window})

    def labels_of_others(self, window: Window) -> Iterable[LabelMaturity]:
        """Labels of every other window."""
        return (
            performance.labels
            for name, performance in self.measured.items()
            if name != window.name and performance.labels is not None
        )

    def errors_before(self, window: Window, release: int) -> list[ErrorBlock]:
        """The stream of errors of a release up to a window: of its mature windows, in order."""
        earlier = sorted(
            (
                performance
                for performance in self.measured.values()
                if performance.release == release and performance.mature
            ),
            key=lambda performance: performance.start,
        )
        return [
            block
            for performance in earlier
            if performance.start < window.start
            for block in performance.blocks
        ]
