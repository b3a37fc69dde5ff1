"""A label of two values: which of them is the event, and what a classifier starts with."""

from collections.abc import Mapping
from math import log
from typing import Any, Final

from mlops_platform.tasks.proposals.candidates import (
    CANDIDATES,
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

POSITIVES: Final = frozenset({"1", "1.0", "true", "t", "yes", "y", "ja", "positive"})
"""Values that mean that something is so, in lower case."""
WARN, ERROR, ROLL_BACK = 0.04, 0.1, 0.2
"""Shares of the baseline's loss by which a window may be worse than the test promised."""


class BinaryClassificationStarter(Starter):
    """Of a boolean, or of any two values."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """A classifier of the event; one of two values is made one by a comparison."""
        if label.distinct != len({True, False}):
            return None
        if label.type == "BOOLEAN":
            expression, event = label.expression, "the outcome is true or false"
        elif label.values:
            positive = _positive(label.values)
            expression = f"{_operand(label.expression)} = {_literal(positive, label.type)}"
            event = f"the outcome has two values, and {positive} is the event"
        else:
            return None
        return Proposal(
            task={
                "type": "binary_classification",
                "costs": {"false_positive": 1.0, "false_negative": 1.0},
            },
            label=expression,
            label_type="BOOLEAN",
            reason=f"A probability, because {event}.",
            reasons={
                "task.costs": (
                    "What wrong decisions cost, in a unit of your own: the threshold follows from "
                    "it. Nobody knows yet, so that both cost the same."
                )
            },
        )

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """A logistic regression and trees; levels follow from how uncertain the outcome is."""
        entropy = _entropy(label)
        candidates = [
            {
                "name": "linear",
                "preprocessing": linear_preprocessing(inputs, dense=False),
                "estimator": {
                    "type": "sklearn.linear_model.LogisticRegression",
                    "params": {"max_iter": 300},
                    "search": {"C": {"low": 0.001, "high": 10.0, "log": True}},
                },
            },
            {
                "name": "trees",
                "preprocessing": tree_preprocessing(inputs),
                "estimator": {
                    "type": "sklearn.ensemble.HistGradientBoostingClassifier",
                    "params": tree_params(inputs),
                    "search": tree_search(inputs),
                },
            },
        ]
        return Start(
            sections={
                CANDIDATES: candidates,
                **loss_levels(WARN * entropy, ERROR * entropy, ROLL_BACK * entropy),
            },
            reasons={
                **REASONS,
                LOSS_INCREASE: (
                    f"Always saying the share of positives has a log loss of about "
                    f"{rounded(entropy):g}: {WARN:.0%} and {ERROR:.0%} of it."
                ),
                "gate.better_than_baseline": (
                    "The baseline always says the share of positives; a model that is not surely "
                    "better is not released."
                ),
            },
        )


def _positive(values: tuple[str, ...]) -> str:
    """The value that says so, else the rarest one."""
    words = [value for value in values if value.strip().lower() in POSITIVES]
    return words[0] if len(words) == 1 else values[0]


def _operand(expression: str) -> str:
    return expression if expression.isidentifier() else f"({expression})"


def _literal(value: str, kind: str) -> str:
    if kind == "VARCHAR":
        return "'" + value.replace("'", "''") + "'"
    try:
        float(value)
    except ValueError:
        return f"'{value}'"
    return value


def _entropy(label: LabelFacts) -> float:
    """Log loss of always saying the share of positives; of even shares where it is not known."""
    share = 0.5
    if label.positives is not None and 0 < label.positives < label.rows:
        share = label.positives / label.rows
    return -share * log(share) - (1 - share) * log(1 - share)
