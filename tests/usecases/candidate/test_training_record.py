"""A run keeps the YAML and the packages of its training."""

import json
import platform
from importlib.metadata import version

import pytest

from mlops_platform.components.models import declared_specs
from mlops_platform.errors import RegistryError
from mlops_platform.spec import ModelSpec
from mlops_platform.usecases.candidate.training_record import (
    RECORD_TAG,
    log_training_record,
    packages_of,
    read_training_record,
    training_record,
)


def with_estimator(spec: ModelSpec, path: str) -> ModelSpec:
    declared = spec.model_dump()
    declared["training"]["candidates"] = declared["training"]["candidates"][:1]
    declared["training"]["candidates"][0]["estimator"] = {"type": path}
    return ModelSpec.model_validate(declared)


@pytest.mark.parametrize("spec", declared_specs(), ids=lambda spec: spec.name)
def test_what_a_training_depends_on_is_read_as_it_was_declared(lifecycle, spec: ModelSpec) -> None:
    registry, record = lifecycle.registry, training_record(spec)
    with registry.training_run(lifecycle.model, "run", {}) as run:
        log_training_record(run, record)
    read = read_training_record(registry, run.run_id)
    assert read is not None
    assert read.packages == record.packages
    for section in ("name", "task", "features", "label", "window", "training"):
        assert getattr(read.spec, section) == getattr(spec, section)
    assert read.spec.retraining.warm_start_trials == spec.retraining.warm_start_trials


def test_what_it_does_not_depend_on_is_not_kept() -> None:
    [spec, *_] = declared_specs()
    kept = json.loads(training_record(spec).to_stored())["spec"]
    assert not {"gate", "monitoring", "alerting", "serving", "schedules"} & kept.keys()
    assert kept["retraining"] == {"warm_start_trials": spec.retraining.warm_start_trials}
    # A default of today is what it was trained with, whatever the default of tomorrow is.
    assert kept["training"]["history"]["least_days"] == spec.training.history.least_days


def test_packages_are_those_of_the_fit_and_of_the_estimators(lifecycle) -> None:
    [spec, *_] = declared_specs()
    packages = packages_of(spec)
    assert packages["python"] == platform.python_version()
    assert packages["scikit-learn"] == version("scikit-learn")
    assert {"numpy", "optuna", "pyarrow", "machine"} <= packages.keys()
    assert "sqlglot" not in packages
    assert "sqlglot" in packages_of(with_estimator(spec, "sqlglot.optimizer.Anything"))


def test_a_run_of_before_has_none(lifecycle) -> None:
    with lifecycle.registry.training_run(lifecycle.model, "run", {}) as run:
        pass
    assert read_training_record(lifecycle.registry, run.run_id) is None


def test_a_yaml_that_this_version_does_not_know_is_refused(lifecycle) -> None:
    with lifecycle.registry.training_run(lifecycle.model, "run", {}) as run:
        run.log_text("training/training.json", '{"spec": {"name": "x"}, "packages": {}}')
        run.set_tags({RECORD_TAG: "training.json"})
    with pytest.raises(RegistryError, match="use the version of the platform that trained it"):
        read_training_record(lifecycle.registry, run.run_id)
