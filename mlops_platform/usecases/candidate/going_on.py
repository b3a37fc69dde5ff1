"""What of a champion's answers a candidate goes on with, where its task says that something does.

Names of groups that the data made, not the YAML, are the champion's to give: fitted anew, a model
numbers them as it happens. What is taken over are constants alone, and they are kept with the run,
so that the training can be repeated without the champion.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mlops_platform.spec import ModelSpec
from mlops_platform.tasks import Constants, Finished
from mlops_platform.usecases.deployment import Deployment
from mlops_platform.usecases.version.champion import load_champion

if TYPE_CHECKING:
    from pandas import DataFrame

    from mlops_platform.registry.training_run import TrainingRun

GONE_ON_TAG: Final = "gone_on"
"""Tag of a run whose candidate went on from a champion: the constants that changed, as JSON."""


def gone_on(
    deployment: Deployment, spec: ModelSpec, candidate: Finished, rows: DataFrame
) -> Constants:
    """Constants of the candidate that change; none without a champion to go on from.

    Args:
        rows: that the candidate was not fitted on.

    Raises:
        RegistryError: the registry has lost the champion.
        ArtifactError: its files are not those that were released.
    """
    task = spec.task
    champion = load_champion(deployment, spec.name) if task.goes_on_from_champion else None
    if champion is None or champion.task != task.kind:
        return {}
    names = [str(name) for name in champion.model.feature_names_in_]
    if not set(names) <= set(rows.columns):
        # The evaluation says which columns are gone.
        return {}
    own = [str(name) for name in candidate.model.feature_names_in_]
    before = task.predict(champion.model, champion.constants, rows[names])
    stated = task.predict(candidate.model, candidate.constants, rows[own])
    return task.gone_on(champion.constants, before, candidate.constants, stated)


def with_constants(candidate: Finished, changed: Constants) -> Finished:
    """The same candidate with some constants changed."""
    return replace(candidate, constants={**candidate.constants, **changed})


def log_gone_on(run: TrainingRun, changed: Constants) -> None:
    """Keep what changed with the run; nothing where nothing did."""
    if changed:
        run.set_tags({GONE_ON_TAG: json.dumps(dict(changed), sort_keys=True)})


def read_gone_on(tags: Mapping[str, str]) -> Constants:
    """The same, of the tags of a run."""
    constants: Constants = json.loads(tags.get(GONE_ON_TAG, "{}"))
    return constants
