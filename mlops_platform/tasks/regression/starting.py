"""A label that is a number: its spread, and what a regression starts with."""

from collections.abc import Mapping
from typing import Any, Final

from mlops_platform.errors import SpecError
from mlops_platform.tasks.proposals.candidates import (
    CANDIDATES,
    LINEAR,
    LOSS_INCREASE,
    REASONS,
    linear_preprocessing,
    loss_levels,
    rounded,
    tree_params,
    tree_preprocessing,
    tree_search,
)
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
NUMBERS: Final = ("DOUBLE", "FLOAT", "DECIMAL", *WHOLE)
FEWEST_VALUES: Final = 3
NORMAL_SPREAD: Final = 2.56
"""Standard deviations between the quantiles at 10 and 90 % of a normal distribution."""
WARN, ERROR, ROLL_BACK = 0.02, 0.05, 0.1
"""Shares of the spread by which a window may be worse than the test promised."""
STEP: Final = 0.01
"""Of stochastic gradients on a label with a deviation of 1; scikit-learn's own."""


class RegressionStarter(Starter):
    """Of numbers that are more than two."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """A number, judged by its absolute error: one that is far off does not decide all."""
        kind = label.type.removeprefix("U")
        if not kind.startswith(NUMBERS) or label.distinct < FEWEST_VALUES:
            return None
        return Proposal(
            task={"type": "regression", "loss": "absolute_error", "coverage": 0.9},
            label=label.expression,
            label_type="DOUBLE",
            reason="A number with an interval, because the outcome is a number of many values.",
            reasons={
                "task.loss": (
                    "The median error counts, so that a few outcomes far off do not decide all; "
                    "`squared_error` where those are what costs."
                ),
                "task.coverage": "Share of outcomes that the interval promises to hold.",
            },
        )

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """A linear model and trees of the task's loss; levels are shares of the spread.

        Raises:
            SpecError: nothing is known of the spread of the label.
        """
        spread, squared = _spread(label), task.get("loss") == "squared_error"
        unit = spread**2 if squared else spread
        candidates = [
            {
                "name": "linear",
                "preprocessing": linear_preprocessing(inputs, dense=True),
                "estimator": _ridge() if squared else _least_absolute(spread),
            },
            {
                "name": "trees",
                "preprocessing": tree_preprocessing(inputs),
                "estimator": {
                    "type": "sklearn.ensemble.HistGradientBoostingRegressor",
                    "params": tree_params(
                        inputs, loss="squared_error" if squared else "absolute_error"
                    ),
                    "search": tree_search(inputs),
                },
            },
        ]
        levels = (
            f"In the unit of the label{', squared' if squared else ''}: {WARN:.0%} and {ERROR:.0%} "
            f"of {rounded(unit):g}, {'the square of ' if squared else ''}the distance between the "
            "tenth and the ninetieth of a hundred outcomes."
        )
        step = "Steps are as long as the label's unit asks for."
        return Start(
            sections={
                CANDIDATES: candidates,
                **loss_levels(WARN * unit, ERROR * unit, ROLL_BACK * unit),
            },
            reasons={
                **REASONS,
                LOSS_INCREASE: levels,
                "gate.better_than_baseline": (
                    f"The baseline always says the {'mean' if squared else 'median'}; a model that "
                    "is not surely better is not released."
                ),
                **({} if squared else {f"{CANDIDATES}.{LINEAR}.estimator.params": step}),
            },
        )


def _ridge() -> dict[str, Any]:
    search = {"alpha": {"low": 0.01, "high": 100.0, "log": True}}
    return {"type": "sklearn.linear_model.Ridge", "search": search}


def _least_absolute(spread: float) -> dict[str, Any]:
    """Least absolute error, by stochastic gradients whose steps are in the unit of the label."""
    deviation = spread / NORMAL_SPREAD
    low, high = rounded(1e-5 / deviation), rounded(1e-2 / deviation)
    return {
        "type": "sklearn.linear_model.SGDRegressor",
        "params": {
            "loss": "epsilon_insensitive",
            "epsilon": 0.0,
            "eta0": rounded(STEP * deviation),
        },
        "search": {"alpha": {"low": low, "high": high, "log": True}},
    }


def _spread(label: LabelFacts) -> float:
    """Distance of the quantiles at 10 and 90 %; of a normal distribution where both are the same.

    Raises:
        SpecError: neither they nor the deviation say anything.
    """
    if label.low_quantile is not None and label.high_quantile is not None:
        distance = label.high_quantile - label.low_quantile
        if distance > 0:
            return distance
    if label.deviation:
        return NORMAL_SPREAD * label.deviation
    raise SpecError(
        "label",
        label.expression,
        "Its outcomes do not spread, or nobody has said how far: say `low_quantile` and "
        "`high_quantile`, or `deviation`.",
    )
