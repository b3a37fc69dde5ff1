"""Where the search of a retraining begins: at the parameters of the champion.

What was fitted is never carried on. The champion was refitted on all rows of its time, and the new
test days may be among them: a candidate that goes on from there would be judged on rows that it has
seen. Its encoders and bins would be those of old rows, and no training set and seed would repeat
it. Parameters carry none of that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlops_platform.spec import ModelSpec
from mlops_platform.training.search.search import Recipe, startable
from mlops_platform.usecases.deployment import Deployment

if TYPE_CHECKING:
    from mlops_platform.registry.registry import Registry
    from mlops_platform.registry.training_run import TrainingRun

FOLDER: Final = "recipe"
FILE: Final = "recipe.json"
START_TAG: Final = "warm_start"
"""Tag of a run whose search began with the recipe of another: that run."""


@dataclass(frozen=True)
class WarmStart:
    """A recipe and the MLflow run that found it."""

    run_id: str
    recipe: Recipe


def warm_start(deployment: Deployment, spec: ModelSpec) -> WarmStart | None:
    """The champion's recipe, where the spec declares a warm start and could still find that recipe.

    Raises:
        RegistryError: the registry has lost the recipe.
    """
    release = deployment.ledger.current_release(spec.name)
    if release is None or spec.retraining.warm_start_trials is None:
        return None
    recipe = read_recipe(deployment.registry, release.run_id)
    return WarmStart(release.run_id, recipe) if startable(spec, recipe) else None


def read_recipe(registry: Registry, run_id: str) -> Recipe:
    """The recipe that a run kept.

    Raises:
        RegistryError: the registry has lost it.
    """
    with registry.fetched_directory(run_id, FOLDER) as directory:
        return Recipe.from_stored((directory / FILE).read_bytes())


def log_recipe(run: TrainingRun, recipe: Recipe, start: WarmStart | None) -> None:
    """Keep a recipe with its run, for the search that begins with it."""
    run.log_text(f"{FOLDER}/{FILE}", recipe.to_stored())
    if start is not None:
        run.set_tags({START_TAG: start.run_id})
