"""When a model is trained anew."""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from mlops_platform.record import left_out_where
from mlops_platform.section import PositiveDays, Section
from mlops_platform.spec.retraining.policy import PerformanceRule, PolicySpec

Update = Literal["refit", "partial_fit"]
"""How a retraining comes to a candidate."""
REFIT: Final[Update] = "refit"
PARTIAL_FIT: Final[Update] = "partial_fit"


class BudgetSpec(Section):
    """What retraining may cost; every training with a verdict counts, whoever asked for it."""

    days: PositiveDays = Field(default=28, description="Length of the rolling period.")
    retrainings: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="Most trainings per period."
    )
    cpu_seconds: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="Most CPU-seconds of search and fit per period, as measured by each training.",
    )

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.retrainings is None and self.cpu_seconds is None:
            raise ValueError(
                "the budget limits nothing; add `retrainings` or `cpu_seconds`, or drop `budget`"
            )
        return self


class RetrainingSpec(Section):
    """When the platform asks for a retraining."""

    policy: PolicySpec = Field(
        default=PerformanceRule(),
        description="A rule, its name alone, or rules under `any` or `all`.",
        examples=["performance", {"any": ["performance", {"rule": "drift", "windows": 2}]}],
    )
    suggest_only: bool = Field(
        default=False, description="Suggest; a person approves with `mlops approve`."
    )
    cooldown_days: Annotated[int, Field(ge=0)] = Field(
        default=7, description="Least time between two retrainings that the policy asks for."
    )
    budget: BudgetSpec | None = Field(default=None, description="No limit where null.")
    update: Update = Field(
        default=REFIT,
        description=(
            "`refit` searches and fits anew on all rows; `partial_fit` teaches the champion the "
            "rows that are new to it, where its recipe is unchanged (`docs/learning_on.md`)."
        ),
        exclude_if=left_out_where(REFIT),
    )
    warm_start_trials: Annotated[int, Field(ge=1, le=1000)] | None = Field(
        default=None,
        description=(
            "Trials of the search of a retraining, which then begins with the champion's "
            "parameters; the whole search of `training.tuning` where null."
        ),
    )
    max_attempts: Annotated[int, Field(ge=1)] = Field(
        default=3, description="Runs of one retraining that fail before a verdict."
    )

    @property
    def learns_on(self) -> bool:
        """Whether a champion is taught what is new, where it can be."""
        return self.update == PARTIAL_FIT
