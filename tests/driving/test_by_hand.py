"""What a person asks for in one command, where it cannot be done."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from mlops_platform.components.models import declared_lifecycle
from mlops_platform.driving.by_hand import ByHand
from mlops_platform.driving.driver import JobDriver
from mlops_platform.errors import MlopsError
from mlops_platform.settings import Settings
from mlops_platform.usecases.deployment import deployment_at
from tests.driving.silent import Silent


class Untouched(JobDriver):
    """Nothing may run."""

    def run(self, job: str, **request: Any) -> str:
        raise AssertionError(job)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("sklearn.svm.LinearSVC", "Name a classifier with `predict_proba` here."),
        ("lightgbm.LGBMClasifier", "Closest: lightgbm.LGBMClassifier,"),
    ],
)
def test_an_estimator_that_cannot_do_the_task_is_told_before_anything_lands(
    home: Settings, named: str, told: str
) -> None:
    model = declared_lifecycle("flight_delay")
    first, *others = model.spec.training.candidates
    wrong = first.model_copy(
        update={"estimator": first.estimator.model_copy(update={"type": named, "params": {}})}
    )
    training = model.spec.training.model_copy(update={"candidates": (wrong, *others)})
    spec = model.spec.model_copy(update={"training": training})
    deployment = deployment_at(home)
    deployment.ledger.create_schema()
    with dg.DagsterInstance.ephemeral() as instance:
        driver = Untouched(dg.Definitions(), instance)
        running = ByHand(deployment, driver, replace(model, spec=spec), Silent(), "somebody")
        with pytest.raises(MlopsError) as refused:
            running.train()
    assert told in str(refused.value)
    assert "training.candidates.0.estimator.type" in str(refused.value)
    assert "flight_delay/defs.yaml:" in str(refused.value)
