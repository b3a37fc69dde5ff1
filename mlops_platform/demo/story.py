"""What `mlops demo` plays: a first champion on three months of flights, and the weeks after it."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import dagster as dg

from mlops_platform.components.models import declared_lifecycle
from mlops_platform.driving.driver import JobDriver
from mlops_platform.driving.phases import Display
from mlops_platform.monitoring.alerting.incident import Incident
from mlops_platform.replay.replayed_model import windows_from
from mlops_platform.replay.story import Story
from mlops_platform.replay.summary import summary_lines
from mlops_platform.replay.words import Words
from mlops_platform.settings import settings

MODEL = "flight_delay"
FIRST_TRAINING = date(2013, 4, 1)
"""The demo's first champion knows what was known in New York when this day began."""
WINDOWS = 17
"""Weeks that are replayed after it: to the one of 22 July."""


def _late(training_set: Mapping[str, Any], of_them: str) -> str:
    return f"{training_set['positive_rate']:.1%}{of_them} late"


WORDS = Words(
    loss="log loss",
    baseline="base rate",
    rows="flights",
    window="week",
    facts=_late,
    headline={"roc_auc": "ROC AUC"},
)


def play(instance: dg.DagsterInstance, weeks: int, display: Display) -> dict[str, Any]:
    """Play what was not played before, and return the summary of it all.

    The same is left in the folder of the demo: as JSON, and as tables in `summary.txt`.

    Raises:
        MlopsError: a run failed, the gate refused the first candidate, or the home has a history
            of its own.
    """
    definitions = _definitions()
    model = declared_lifecycle(MODEL)
    windows = windows_from(model.spec, FIRST_TRAINING, weeks)
    story = Story(model, FIRST_TRAINING, windows, settings().demo, WORDS)
    return story.play(JobDriver(definitions, instance), display)


def lines(summary: Mapping[str, Any], incidents: Iterable[Incident]) -> list[str]:
    """The summary on one screen."""
    return summary_lines(summary, incidents, WORDS, settings().demo)


def _definitions() -> dg.Definitions:
    from mlops_platform.definitions import defs

    return defs()
