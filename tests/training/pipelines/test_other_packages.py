"""Estimators of other packages than scikit-learn: built, stored, loaded, and what is refused."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlops_platform.artifacts.model_store import (
    MODEL_FILE,
    TRUSTED_FILE,
    load_model,
    packages_of_model,
    save_model,
)
from mlops_platform.errors import ArtifactError, SpecError
from mlops_platform.registry.requirements import pinned_requirements
from mlops_platform.serving.requirements import serving_requirements
from mlops_platform.spec import EstimatorSpec, ModelSpec
from mlops_platform.training.check import check_candidates
from mlops_platform.training.pipelines.estimators import build_estimator, load_class

CLASSIFIERS = {
    "lightgbm.LGBMClassifier": {"n_estimators": 5, "verbose": -1},
    "xgboost.XGBClassifier": {"n_estimators": 5},
}
REGRESSORS = {
    "lightgbm.LGBMRegressor": {"n_estimators": 5, "verbose": -1},
    "xgboost.XGBRegressor": {"n_estimators": 5},
}
BOTH = [*CLASSIFIERS.items(), *REGRESSORS.items()]
DISTRIBUTION = {
    "lightgbm": "lightgbm",
    "xgboost": "xgboost" if sys.platform == "darwin" else "xgboost-cpu",
}
OWN_PACKAGE = '''
from sklearn.linear_model import LogisticRegression


class Careful(LogisticRegression):
    """An estimator of a package that the platform knows nothing about."""
'''


def _built(path: str, params: dict[str, Any], seed: int = 5) -> Any:
    pytest.importorskip(path.partition(".")[0])
    return build_estimator(EstimatorSpec(type=path, params=params), {}, seed)


def _rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(300, 4))
    outcomes = rows[:, 0] + rng.normal(size=300) > 0
    rows[::7, 1] = np.nan
    return rows, outcomes


@pytest.fixture
def own_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Import path of a class that an installed distribution brings."""
    packages = tmp_path / "packages"
    metadata = packages / "careful_models-1.2.dist-info"
    metadata.mkdir(parents=True)
    (packages / "careful_models.py").write_text(OWN_PACKAGE)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: careful-models\nVersion: 1.2")
    (metadata / "top_level.txt").write_text("careful_models\n")
    (metadata / "RECORD").write_text("")
    monkeypatch.syspath_prepend(str(packages))
    yield "careful_models.Careful"
    sys.modules.pop("careful_models", None)


@pytest.mark.parametrize(("path", "params"), BOTH)
def test_a_boosted_model_predicts_after_storage_exactly_as_before(
    path: str, params: dict[str, Any], tmp_path: Path
) -> None:
    rows, outcomes = _rows()
    fitted = _built(path, params).fit(rows, outcomes.astype(float))
    loaded = load_model(tmp_path, save_model(fitted, tmp_path))
    assert not (tmp_path / TRUSTED_FILE).exists()
    predict = "predict_proba" if hasattr(fitted, "predict_proba") else "predict"
    np.testing.assert_array_equal(getattr(loaded, predict)(rows), getattr(fitted, predict)(rows))
    assert packages_of_model(tmp_path) == (DISTRIBUTION[path.partition(".")[0]],)


@pytest.mark.parametrize("module", DISTRIBUTION)
def test_a_version_and_its_bento_require_the_package_and_others_do_not(module: str) -> None:
    pytest.importorskip(module)
    package = DISTRIBUTION[module]
    assert f"\n{package}==" in serving_requirements([package])
    assert package not in serving_requirements()
    assert pinned_requirements([package])[-1].startswith(f"{package}==")


@pytest.mark.parametrize(("path", "params"), BOTH)
def test_the_seed_reaches_it_and_it_takes_one_core_unless_told(
    path: str, params: dict[str, Any]
) -> None:
    found = _built(path, params)
    assert (found.random_state, found.n_jobs) == (5, 1)
    assert _built(path, {**params, "n_jobs": 2}).n_jobs == 2


@pytest.mark.parametrize("path", ["lightgbm.LGBMClassifier", "xgboost.XGBClassifier"])
def test_a_slip_in_a_parameter_is_refused_though_the_class_takes_any(path: str) -> None:
    with pytest.raises(SpecError, match="has no parameter 'max_dept'; closest: max_depth"):
        _built(path, {"max_dept": 3})


def test_further_parameters_reach_a_class_that_takes_them() -> None:
    found = _built("lightgbm.LGBMClassifier", {"feature_pre_filter": False, "verbose": -1})
    assert found.get_params()["feature_pre_filter"] is False


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("catbost.CatBoostClassifier", "The package 'catbost' is not installed: `pip install catb"),
        ("skelarn.svm.SVC", "Closest: sklearn.svm.SVC"),
        ("lightgbm.LGBMClasifier", "Closest: lightgbm.LGBMClassifier, "),
        (
            "sklearn.linear_model.LogisticRegresion",
            "Closest: sklearn.linear_model.Logistic",
        ),
    ],
)
def test_what_is_missing_is_named_with_what_brings_it(path: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as refused:
        load_class(path, "training.candidates.0.estimator.type")
    assert "training.candidates.0.estimator.type" in str(refused.value)


def test_the_distribution_for_a_module_of_another_name_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == "xgboost" else real(name)
    )
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(SpecError, match="'xgboost' is not installed: `pip install xgboost-cpu`"):
        load_class("xgboost.XGBClassifier", "estimator.type")


def test_a_type_that_nobody_trusts_is_refused_and_one_that_is_declared_is_kept(
    own_package: str, tmp_path: Path
) -> None:
    rows, outcomes = _rows()
    fitted = _built(own_package, {}).fit(np.nan_to_num(rows), outcomes)
    with pytest.raises(ArtifactError, match=rf"{own_package}.*`training.trusted_types`"):
        save_model(fitted, tmp_path)
    assert list(tmp_path.glob("*.skops")) == []
    digests = save_model(fitted, tmp_path, trusted=[own_package, "not.needed"])
    assert (tmp_path / TRUSTED_FILE).read_text().split() == ["[", f'"{own_package}"', "]"]
    loaded = load_model(tmp_path, digests)
    np.testing.assert_array_equal(
        loaded.predict(np.nan_to_num(rows)), fitted.predict(np.nan_to_num(rows))
    )
    assert packages_of_model(tmp_path) == ("careful-models",)
    assert pinned_requirements(packages_of_model(tmp_path))[-1] == "careful-models==1.2"


@pytest.mark.parametrize("forged", ["changed", "added"])
def test_a_list_of_trusted_types_that_no_digest_vouches_for_is_not_read(
    own_package: str, forged: str, tmp_path: Path
) -> None:
    rows, outcomes = _rows()
    fitted = _built(own_package, {}).fit(np.nan_to_num(rows), outcomes)
    digests = save_model(fitted, tmp_path, trusted=[own_package])
    if forged == "changed":
        (tmp_path / TRUSTED_FILE).write_text('["os.system"]')
    else:
        digests = {MODEL_FILE: digests[MODEL_FILE]}
    with pytest.raises(ArtifactError, match=TRUSTED_FILE):
        load_model(tmp_path, digests)


def test_a_type_of_a_loose_file_is_refused_because_no_service_could_install_it(
    own_package: str, tmp_path: Path
) -> None:
    for file in (tmp_path / "packages").glob("*.dist-info/*"):
        file.unlink()
    rows, outcomes = _rows()
    fitted = _built(own_package, {}).fit(np.nan_to_num(rows), outcomes)
    with pytest.raises(ArtifactError, match="comes from no installed distribution"):
        save_model(fitted, tmp_path, trusted=[own_package])


def test_without_its_trusted_types_the_check_refuses_a_candidate_in_time(
    own_package: str, spec: ModelSpec
) -> None:
    refused = check_candidates(_with_estimator(spec, own_package, ()))
    assert [error.field for error in refused] == ["training.candidates.0"]
    assert "training.trusted_types" in str(refused[0])
    assert check_candidates(_with_estimator(spec, own_package, (own_package,))) == []


def _with_estimator(spec: ModelSpec, path: str, trusted: tuple[str, ...]) -> ModelSpec:
    content = spec.model_dump(mode="json")
    candidate = content["training"]["candidates"][0]
    candidate["estimator"] = {"type": path}
    content["training"] |= {"candidates": [candidate], "trusted_types": trusted}
    return ModelSpec.model_validate(content)
