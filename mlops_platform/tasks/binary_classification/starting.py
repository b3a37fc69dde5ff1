"""A label of two values: which of them is the event, and what a classifier starts with."""

from collections.abc import Mapping
from math import log
from typing import Any, Final

from mlops_platform.tasks.proposals.candidates import classifier_start
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

POSITIVES: Final = frozenset({"1", "1.0", "true", "t", "yes", "y", "ja", "positive"})
"""Values that mean that something is so, in lower case."""


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
        return classifier_start(inputs, _entropy(label), "the share of positives", 300)


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
