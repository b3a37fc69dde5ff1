"""A display of a command that shows nothing."""

from contextlib import nullcontext

from mlops_platform.driving.driver import ReportStep


class Silent:
    """A display of nothing."""

    def running(self, phase: str) -> nullcontext[ReportStep]:
        return nullcontext(lambda step: None)

    def ended(self, phase: str, seconds: float | None) -> None:
        pass
