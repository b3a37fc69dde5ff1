"""What a task proposes of a label that it has never seen, and what a model of it starts with."""

from collections.abc import Mapping
from typing import Any

from mlops_platform.tasks.proposal import Inputs, LabelFacts, Proposal, Start


def propose_tasks(label: LabelFacts) -> tuple[Proposal, ...]:
    """Tasks that fit a label, the best first; none where no task does."""
    raise NotImplementedError


def start(task: Mapping[str, Any], label: LabelFacts, inputs: Inputs) -> Start:
    """Candidates, gate and monitoring with which a model of this task starts, with reasons."""
    raise NotImplementedError


def label_type(task: Mapping[str, Any]) -> str:
    """SQL type in which the label table of such a model publishes the outcome."""
    raise NotImplementedError
