"""What runs by itself."""

from pydantic import Field

from mlops_platform.section import Section


class SchedulesSpec(Section):
    """Which of the shared sensors act on this model."""

    windows: bool = Field(
        default=False, description="The sensor that scores and measures windows that have ended."
    )
    retraining: bool = Field(
        default=False, description="The sensor that asks the policy, and trains."
    )
    rollout: bool = Field(
        default=False, description="The verdicts on a challenger and on a new champion."
    )
    alerts: bool = Field(
        default=False, description="The sensor that turns what fails into incidents."
    )
