"""A label of a few texts: what a multiclass classifier starts with."""

from collections.abc import Mapping
from math import log
from typing import Any, Final

from mlops_platform.tasks.multiclass_classification.classes import FEWEST
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

MOST: Final = 20
"""Values of a label that are taken for classes unasked."""
TEXTS: Final = ("VARCHAR", "ENUM")
WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
WARN, ERROR, ROLL_BACK = 0.04, 0.1, 0.2
"""Shares of the baseline's loss by which a window may be worse than the test promised."""


class MulticlassClassificationStarter(Starter):
    """Of three to twenty texts, or whole numbers that may be codes."""

    def propose(self, label: LabelFacts) -> Proposal | None:
        """A classifier of all values that there are, the most frequent first."""
        is_text = label.type.startswith(TEXTS)
        if not (is_text or label.type.removeprefix("U") in WHOLE):
            return None
        if not FEWEST <= len(label.values) <= MOST or "" in label.values:
            return None
        classes = list(reversed(label.values))
        return Proposal(
            task={"type": "multiclass_classification", "classes": classes},
            label=label.expression if is_text else f"({label.expression})::varchar",
            label_type="VARCHAR",
            reason=f"Probabilities of classes, because the outcome has {len(classes)} values.",
            reasons={
                "task.classes": (
                    "Every value that there is, the most frequent first. Their order is kept: it "
                    "says which column holds which probability."
                )
            },
        )

    def start(self, task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
        """A logistic regression and trees; levels follow from how uncertain the outcome is."""
        entropy = _entropy(label, len(task["classes"]))
        candidates = [
            {
                "name": "linear",
                "preprocessing": linear_preprocessing(inputs, dense=False),
                "estimator": {
                    "type": "sklearn.linear_model.LogisticRegression",
                    "params": {"max_iter": 500},
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
                    "Always saying the shares of the classes has a log loss of about "
                    f"{rounded(entropy):g}: {WARN:.0%} and {ERROR:.0%} of it."
                ),
                "gate.better_than_baseline": (
                    "The baseline always says the shares of the classes; a model that is not "
                    "surely better is not released."
                ),
            },
        )


def _entropy(label: LabelFacts, classes: int) -> float:
    """Log loss of always saying the shares; of even ones where they are not known."""
    counts = label.value_rows
    if not counts:
        return log(classes)
    return -sum(count / label.rows * log(count / label.rows) for count in counts)
