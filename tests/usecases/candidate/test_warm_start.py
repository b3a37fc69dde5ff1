"""A retraining may begin its search where the champion's ended."""

import pytest

from mlops_platform.errors import RegistryError
from mlops_platform.spec import ModelSpec
from mlops_platform.training.search.search import Recipe
from mlops_platform.usecases.candidate.warm_start import WarmStart, log_recipe, warm_start

RECIPE = Recipe(
    candidate="linear",
    params={"estimator.C": 0.1},
    metric="log_loss",
    greater_is_better=False,
    score=0.5,
    trials=(),
)


def declared(name: str, trials: int | None, high: float = 1.0) -> ModelSpec:
    logistic = "sklearn.linear_model.LogisticRegression"
    search = {"C": {"low": 0.01, "high": high}}
    candidate = {
        "name": "linear",
        "preprocessing": [{"columns": "numeric"}],
        "estimator": {"type": logistic, "search": search},
    }
    return ModelSpec.model_validate(
        {
            "name": name,
            "description": "Will it be late?",
            "owners": ["team:tests"],
            "features": {"table": "flights", "entity": "flight_id", "numeric": ["distance"]},
            "label": {"table": "labels", "column": "is_late"},
            "window": {"start": "2013-01-07"},
            "training": {"candidates": [candidate]},
            "retraining": {"warm_start_trials": trials},
            "card": {"intended_use": "Tests.", "out_of_scope": "Flights."},
        }
    )


@pytest.fixture
def serving(lifecycle):
    """A lifecycle whose champion kept its recipe."""
    identity = lifecycle.register()
    with lifecycle.registry.resume_run(identity.run_id) as run:
        log_recipe(run, RECIPE, None)
    lifecycle.promote(identity)
    return lifecycle


def test_the_search_begins_at_the_champion(serving) -> None:
    release = serving.ledger.current_release(serving.model)
    found = warm_start(serving.deployment, declared(serving.model, 3))
    assert found == WarmStart(release.run_id, RECIPE)


def test_it_begins_anew_where_that_is_not_declared_or_not_possible(serving) -> None:
    assert warm_start(serving.deployment, declared(serving.model, None)) is None
    narrower = declared(serving.model, 3, high=0.05)
    assert warm_start(serving.deployment, narrower) is None


def test_the_first_training_has_no_champion_to_begin_at(lifecycle) -> None:
    assert warm_start(lifecycle.deployment, declared(lifecycle.model, 3)) is None


def test_a_recipe_that_was_lost_is_no_silent_cold_start(lifecycle) -> None:
    lifecycle.promote(lifecycle.register())
    with pytest.raises(RegistryError, match="recipe"):
        warm_start(lifecycle.deployment, declared(lifecycle.model, 3))
