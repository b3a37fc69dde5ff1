"""The how-tos do what they say, step by step."""

import re
import subprocess
import sys
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
import yaml

from mlops_platform.settings import PROJECT_ROOT
from mlops_platform.spec import ModelSpec, inconsistencies
from mlops_platform.tasks import TASKS, declared
from mlops_platform.tasks.regression.task import Regression
from tests.tasks import test_contract as contract
from tests.tasks.conftest import trained_as

HOW_TO = PROJECT_ROOT / "docs" / "how-to"
METRIC, TASK = ((HOW_TO / name).read_text() for name in ("add-a-metric.md", "add-a-task.md"))
MODEL: dict[str, Any] = {
    "name": "churn",
    "description": "Will this customer leave?",
    "owners": ["team:growth"],
    "features": {"table": "customers", "entity": "customer_id", "numeric": ["a", "b"]},
    "label": {"table": "departures", "column": "left"},
    "window": {"cadence": "weekly", "start": "2024-01-01"},
    "training": {
        "candidates": [
            {
                "name": "linear",
                "preprocessing": [{"columns": "numeric"}],
                "estimator": {"type": "sklearn.linear_model.LogisticRegression"},
            }
        ]
    },
    "card": {"intended_use": "Letters.", "out_of_scope": "Prices."},
}


def test_the_metric_of_the_how_to_is_measured_and_limited() -> None:
    (written,) = re.findall(r"```yaml\n(.*?)```", METRIC, flags=re.DOTALL)
    sections = [
        yaml.safe_load(text) for text in re.findall(r"`(gate: .*?|monitoring: .*?)`", METRIC)
    ]
    attributes = {**MODEL, **yaml.safe_load(written)}
    for section in sections:
        attributes |= section
    assert {"gate", "monitoring", "task"} <= attributes.keys()
    spec = ModelSpec.model_validate(attributes)
    assert list(inconsistencies(spec)) == []
    assert "matthews" in spec.limits
    assert "matthews" in spec.metric_levels
    trained = trained_as(spec.task)
    measured = spec.task.measure(trained.targets, trained.predictions)
    assert 0 < measured["matthews"] <= 1
    assert spec.task.misfits(trained.targets, trained.predictions) == []


def test_the_costs_of_the_how_to_are_a_function() -> None:
    (written,) = re.findall(r"`(task: \{costs: .*?\}\})`", METRIC)
    task = yaml.safe_load(written)["task"]
    own = {**task, "costs": {"function": f"{__name__}.minutes_of_staff"}}
    spec = ModelSpec.model_validate({**MODEL, "task": {"type": "binary_classification", **own}})
    trained = trained_as(spec.task)
    costs = spec.task.row_costs(trained.targets, trained.predictions)
    assert costs.tolist() == minutes_of_staff(trained.targets, trained.predictions).tolist()


def minutes_of_staff(targets: Any, predictions: Any) -> Any:
    return 10.0 * (targets != predictions["decision"])


class Capped(Regression):
    """A task as somebody else would add it: a regression whose answers never are below zero."""

    explained_scale: ClassVar[str] = "explained_number"
    type: Literal["capped"] = "capped"  # type: ignore[assignment]

    def numbers(self, model: Any, features: Any) -> Any:
        return np.maximum(super().numbers(model, features), 0.0)

    def synthetic_targets(self, signal: Any) -> Any:
        return np.exp(signal)


def test_the_abstract_methods_are_named_that_a_new_task_lacks() -> None:
    (command,) = re.findall(r'`python -c "(.*?)"`', TASK)
    source = "from typing import Literal\nfrom mlops_platform.tasks import Task\n"
    source += "class YourTask(Task):\n    type: Literal['your_task'] = 'your_task'\n"
    source += "    loss: str = 'none'\n" + command.partition("; ")[2]
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True)
    assert done.returncode == 1
    lacking = done.stderr.strip().splitlines()[-1]
    for method in ("fit", "refit", "predictions", "answer", "baseline", "row_costs", "estimate"):
        assert f"'{method}'" in lacking or f" {method}" in lacking


def test_a_task_that_is_named_is_declared_by_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declared, "TASKS", {**TASKS, "capped": Capped})
    assert declared._section("capped") == Capped()
    assert declared._section({"type": "capped", "coverage": 0.8}).coverage == 0.8


def test_the_contract_judges_it() -> None:
    trained = trained_as(Capped())
    contract.test_row_losses_average_to_the_loss(trained)
    contract.test_a_metric_of_rows_is_their_mean(trained)
    contract.test_every_metric_of_a_model_and_of_the_baseline_is_finite(trained)
    contract.test_the_baselines_own_predictions_have_its_losses(trained)
    contract.test_details_are_json_and_can_be_shown(trained)
    contract.test_targets_that_teach_nothing_are_refused_with_words(trained.task)
    contract.test_outputs_have_names_of_their_own(trained.task)
