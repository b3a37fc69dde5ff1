"""A label of a few texts: what a multiclass classifier starts with."""

from collections.abc import Mapping
from math import log
from typing import Any, Final

from mlops_platform.tasks.multiclass_classification.classes import FEWEST
from mlops_platform.tasks.proposals.candidates import classifier_start
from mlops_platform.tasks.proposals.proposal import Inputs, LabelFacts, Proposal, Start, Starter

MOST: Final = 20
"""Values of a label that are taken for classes unasked."""
TEXTS: Final = ("VARCHAR", "ENUM")
WHOLE: Final = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")


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
        return classifier_start(
            inputs, _entropy(label, len(task["classes"])), "the shares of the classes", 500
        )


def _entropy(label: LabelFacts, classes: int) -> float:
    """Log loss of always saying the shares; of even ones where they are not known."""
    counts = label.value_rows
    if not counts:
        return log(classes)
    return -sum(count / label.rows * log(count / label.rows) for count in counts)
